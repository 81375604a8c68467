import Graphs
import Testing

@testable import Engine

@Suite("The sum of passes")
struct AccumulationTests {
    @Test("gradients of any number of passes are added, the last ones' as they become final", arguments: 1...9)
    func sums(passes: Int) throws {
        let engine = try Specimens.norms[0].engine(Backend.supported[0])
        let accumulation = Accumulation(of: engine.lendGradients())
        let count = engine.withGradients { $0.count }
        // An interrupted step has left something.
        accumulation.keep()
        for _ in 0..<2 {
            accumulation.begin()
            for pass in 1...passes {
                engine.withGradients { span in
                    for index in span.indices { span[index] = Float(pass * (index % 7 + 1)) }
                }
                if pass < passes { accumulation.keep() }
            }
            for finished in [count / 3, count / 2, count] { accumulation.complete(finished) }
            let sum = passes * (passes + 1) / 2
            let found = engine.withGradients { span in span.indices.map { span[$0] } }
            #expect(found == found.indices.map { Float(sum * ($0 % 7 + 1)) })
        }
    }

    @Test("passes are added along a tree: neighbours first")
    func tree() throws {
        let engine = try Specimens.norms[0].engine(Backend.supported[0])
        let accumulation = Accumulation(of: engine.lendGradients())
        // (a + b) + (c + d) is 0 here; one after the other they give -1.
        for (pass, value) in [0x1p24, 1, -0x1p24, -1].enumerated() {
            engine.withGradients { span in for index in span.indices { span[index] = Float(value) } }
            if pass < 3 { accumulation.keep() }
        }
        engine.withGradients { accumulation.complete($0.count) }
        #expect(engine.withGradients { span in span.indices.allSatisfy { span[$0] == 0 } })
    }
}
