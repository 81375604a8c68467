import Foundation
import Tensors
import Testing

/// The distance of `value` from the C library's `truth` in units of the truth's last place. The library is itself
/// within one.
private func distance(_ value: Double, from truth: Double) -> Double {
    if value == truth || (value.isNaN && truth.isNaN) { return 0 }
    return (value - truth).magnitude / truth.ulp
}

/// Numbers between `range`'s ends, at irregular places.
private func numbers(in range: ClosedRange<Double>, count: Int = 100_000) -> [Double] {
    let random = CounterRandom(seed: 1, stream: "arguments")
    return (0..<count).map { index in
        let u = Double(random.bits(UInt64(index)) >> 11) * 0x1p-53
        return range.lowerBound + u * (range.upperBound - range.lowerBound)
    }
}

@Suite struct ElementaryFunctionsTests {
    @Test(
        "exp is within 2 units in the last place of the C library's", arguments: [-700.0...700, -1...1, -1e-6...1e-6])
    func exponential(range: ClosedRange<Double>) {
        let worst = numbers(in: range).map { distance(Elementary.exp($0), from: exp($0)) }.max() ?? .infinity
        #expect(worst <= 2)
    }

    @Test(
        "log is within 2 units in the last place of the C library's",
        arguments: [0...1, 0.5...2, 0.999...1.001, 0...1e300])
    func logarithm(range: ClosedRange<Double>) {
        let worst = numbers(in: range).map { distance(Elementary.log($0), from: log($0)) }.max() ?? .infinity
        #expect(worst <= 2)
    }

    @Test(
        "sin and cos are within 2 units in the last place of the C library's",
        arguments: [-0.8...0.8, -10...10, -1e6...1e6])
    func circle(range: ClosedRange<Double>) {
        let arguments = numbers(in: range)
        #expect((arguments.map { distance(Elementary.sin($0), from: sin($0)) }.max() ?? .infinity) <= 2)
        #expect((arguments.map { distance(Elementary.cos($0), from: cos($0)) }.max() ?? .infinity) <= 2)
    }

    @Test("the ends of the domains give what IEEE 754 gives")
    func ends() {
        #expect(Elementary.exp(0) == 1 && Elementary.exp(1000) == .infinity && Elementary.exp(-1000) == 0)
        #expect(Elementary.exp(-.infinity) == 0 && Elementary.exp(.nan).isNaN)
        #expect(Elementary.exp(-740) == exp(-740))
        #expect(Elementary.log(1) == 0 && Elementary.log(0) == -.infinity && Elementary.log(-1).isNaN)
        #expect(Elementary.log(.infinity) == .infinity && Elementary.log(.nan).isNaN)
        #expect(distance(Elementary.log(.leastNonzeroMagnitude), from: log(.leastNonzeroMagnitude)) <= 2)
        #expect(Elementary.sin(0) == 0 && Elementary.cos(0) == 1)
        #expect(Elementary.sin(.infinity).isNaN && Elementary.cos(.nan).isNaN && Elementary.sin(1e7).isNaN)
    }
}
