import Networks
import Testing

@Suite("Initial values")
struct InitializerTests {
    @Test("rules follow the fans of the weight, the kernel included")
    func rules() {
        let shape = [64, 16, 3, 3]
        #expect(InitialRule.constant(0.5).values(weightShape: shape) == .constant(0.5))
        #expect(InitialRule.torchDefault.values(weightShape: shape) == .uniform(bound: 1 / 12))
        // fan in 144, fan out 576: 6 / 720
        #expect(InitialRule.xavierUniform.values(weightShape: shape) == .uniform(bound: Float(6.0 / 720).squareRoot()))
        #expect(
            InitialRule.kaimingNormal(.fanIn).values(weightShape: shape)
                == .normal(deviation: Float(2.0 / 144).squareRoot()))
        #expect(
            InitialRule.kaimingNormal(.fanOut).values(weightShape: shape)
                == .normal(deviation: Float(2.0 / 576).squareRoot()))
        #expect(InitialRule.torchDefault.values(weightShape: [10, 84]) == .uniform(bound: 1 / Float(84).squareRoot()))
    }

    @Test("values are a function of seed, name and index, not of the shape or of who asks")
    func pure() {
        let shape = [8, 3, 3, 3]
        let values = Initializer(seed: 1).values(.uniform(bound: 1), of: "conv1.weight", shape: shape)
        #expect(values.count == 216)
        #expect(values == Initializer(seed: 1).values(.uniform(bound: 1), of: "conv1.weight", shape: shape))
        #expect(values != Initializer(seed: 2).values(.uniform(bound: 1), of: "conv1.weight", shape: shape))
        #expect(values != Initializer(seed: 1).values(.uniform(bound: 1), of: "conv2.weight", shape: shape))
        #expect(values == Initializer(seed: 1).values(.uniform(bound: 1), of: "conv1.weight", shape: [216]))
        #expect(
            Array(values.prefix(27)) == Initializer(seed: 1).values(.uniform(bound: 1), of: "conv1.weight", shape: [27])
        )
    }

    @Test(
        "a dirac convolution passes its inputs on, and what outputs are left over begin as PyTorch's",
        arguments: [(2, 3, 3), (3, 3, 2), (5, 3, 3), (4, 1, 1)])
    func dirac(outputs: Int, inputs: Int, kernel: Int) {
        let shape = [outputs, inputs, kernel, kernel]
        let bound = 1 / Float(inputs * kernel * kernel).squareRoot()
        #expect(InitialRule.dirac.values(weightShape: shape) == .dirac(bound: bound))
        #expect(
            InitialRule.dirac.values(weightShape: [outputs, inputs]) == .uniform(bound: 1 / Float(inputs).squareRoot()))
        let values = Initializer(seed: 1).values(.dirac(bound: bound), of: "w", shape: shape)
        let drawn = Initializer(seed: 1).values(.uniform(bound: bound), of: "w", shape: shape)
        for (index, value) in values.enumerated() {
            let (output, input) = (index / (inputs * kernel * kernel), index / (kernel * kernel) % inputs)
            let (row, column) = (index / kernel % kernel, index % kernel)
            let isMiddle = input == output && row == kernel / 2 && column == kernel / 2
            #expect(
                value == (output < inputs ? (isMiddle ? 1 : 0) : drawn[index]), "\(output) \(input) \(row) \(column)")
        }
    }

    @Test("a scalar has one value and an empty shape dimension none")
    func counts() {
        #expect(Initializer(seed: 0).values(.constant(3), of: "n", shape: []) == [3])
        #expect(Initializer(seed: 0).values(.normal(deviation: 1), of: "n", shape: [0, 4]) == [])
    }

    /// The sample's mean and variance lie within five standard errors of the distribution's: for n values of variance v
    /// and kurtosis k these are sqrt(v / n) and v sqrt((k - 1) / n). Rounding is far below either.
    @Test(
        "mean and variance are the distribution's",
        arguments: [
            (InitialValues.uniform(bound: 0.3), 0.03, 1.8), (.normal(deviation: 0.2), 0.04, 3),
        ])
    func moments(distribution: InitialValues, variance: Double, kurtosis: Double) {
        let count = 100_000
        let values = Initializer(seed: 7).values(distribution, of: "fc.weight", shape: [count]).map(Double.init)
        let mean = values.reduce(0, +) / Double(count)
        let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        #expect(abs(mean) < 5 * (variance / Double(count)).squareRoot())
        #expect(abs(square - variance) < 5 * variance * ((kurtosis - 1) / Double(count)).squareRoot())
    }

    @Test("uniform values stay within their bound and come near both ends")
    func bounds() {
        let values = Initializer(seed: 3).values(.uniform(bound: 0.25), of: "x", shape: [10_000])
        #expect(values.allSatisfy { $0 >= -0.25 && $0 < 0.25 })
        // That none of 10,000 falls into a hundredth of the range at one end has probability 0.99^10,000 = 2e-44.
        #expect(values.contains { $0 < -0.245 } && values.contains { $0 > 0.245 })
    }
}
