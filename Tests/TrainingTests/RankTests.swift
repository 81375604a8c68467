import Runs
import Tensors
import Testing

@testable import Training

@Suite("Ranks beside each other")
struct RankTests {
    @Test("replicas that agree are no matter; of others the odd one is named with its first tensor")
    func replicas() {
        func complaint(_ fingerprints: [[UInt64]]) -> String? {
            ReplicaCheck(names: ["a", "b", "c"], fingerprints: fingerprints).complaint(step: 7)
        }
        #expect(complaint([[1, 2, 3]]) == nil)
        #expect(complaint([[1, 2, 3], [1, 2, 3], [1, 2, 3]]) == nil)
        let odd = complaint([[1, 2, 9], [1, 2, 3], [1, 2, 3]])
        #expect(odd?.contains("after step 7") == true)
        #expect(odd?.contains("rank 0/3 differs from rank 1, first in c.") == true)
        let pair = complaint([[1, 2, 3], [1, 5, 6]])
        #expect(
            pair?.contains(
                "rank 1/2 differs from rank 0 (which of them is right cannot be told), first in b and 1 more tensor")
                == true)
        #expect(
            complaint([[1, 2, 3], [2, 2, 3], [3, 2, 3], [1, 2, 3]])?.contains(
                "ranks 1, 2 of 4 differ from rank 0, first in a") == true)
    }

    @Test("a fingerprint notices every bit of every number", arguments: [1, 3, 4, 5, 17])
    func fingerprints(count: Int) {
        let values = (0..<count).map { Float($0) * 0.37 - 1 }
        let original = fingerprint(of: values.span)
        for index in 0..<count {
            for bit in 0..<32 {
                var other = values
                other[index] = Float(bitPattern: other[index].bitPattern ^ (1 << UInt32(bit)))
                #expect(fingerprint(of: other.span) != original, "bit \(bit) of number \(index)")
            }
        }
        #expect(fingerprint(of: values.span) == original)
    }

    @Test("a rank is called a straggler once it has been a quarter behind three times in a row")
    func stragglers() {
        var watch = StragglerWatch()
        func add(_ seconds: [Double]) -> [Int] { watch.add(seconds).map(\.rank) }
        #expect(add([1, 1.3, 1, 1, 1]) == [])
        #expect(add([1, 1.3, 1, 1, 1]) == [])
        #expect(add([1, 1.2, 1, 1, 1]) == [])
        #expect(add([1, 1.3, 1, 1.26, 1]) == [])
        #expect(add([1, 1.3, 1, 1.24, 1]) == [])
        #expect(add([1, 2, 1, 1.26, 1]) == [1])
        #expect(add([1, 2, 1, 1.26, 1]) == [])
        #expect(add([0, 0, 0, 0, 0]) == [])
    }

    @Test("paces compare the slowest with the median")
    func paces() {
        #expect(PaceComparison(seconds: [1]) == nil)
        #expect(PaceComparison(seconds: [0, 0]) == nil)
        #expect(PaceComparison(seconds: [2, 1, 4])?.slowest == 2)
        #expect(PaceComparison(seconds: [2, 1, 4])?.ratio == 2)
    }
}
