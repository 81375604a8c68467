import Kernels
import Tensors
import TestSupport
import Testing

/// Cases small enough to work out by hand.
@Suite struct ReferenceValueTests {
    private func plane(_ size: Int, _ values: [Double]) -> Reference.Maps {
        Reference.Maps(samples: 1, shape: Shape(height: size, width: values.count / size, channels: 1), values: values)
    }

    @Test("a convolution multiplies windows, unflipped, and adds its bias")
    func convolution() {
        let x = plane(3, [1, 2, 3, 4, 5, 6, 7, 8, 9])
        let w = Reference.Filters(outputs: 1, inputs: 1, height: 2, width: 2, values: [1, 2, 3, 4])
        let y = Reference.convolution(x, weight: w, bias: [100], stride: 1, padding: 0)
        #expect(y == plane(2, [137, 147, 167, 177]))
        // Windows at (-1, -1), (-1, 1), (1, -1), (1, 1).
        let strided = Reference.convolution(x, weight: w, bias: nil, stride: 2, padding: 1)
        // 4 * 1; 3 * 2 + 4 * 3; 2 * 4 + 4 * 7; 1 * 5 + 2 * 6 + 3 * 8 + 4 * 9
        #expect(strided == plane(2, [4, 18, 36, 77]))
    }

    @Test("weights are read output by output, input by input, row by row")
    func weightOrder() {
        let x = Reference.Maps(
            samples: 1, shape: Shape(height: 1, width: 2, channels: 2), values: [1, 10, 100, 1000])
        // [k][c][s]
        let w = Reference.Filters(outputs: 2, inputs: 2, height: 1, width: 2, values: [1, 2, 3, 4, 5, 6, 7, 8])
        let y = Reference.convolution(x, weight: w, bias: nil, stride: 1, padding: 0)
        // 1 * 1 + 100 * 2 + 10 * 3 + 1000 * 4, and likewise.
        #expect(y.values == [4231, 8675])
    }

    @Test("groups read their own channels only")
    func groups() {
        let x = Reference.Maps(samples: 1, shape: Shape(features: 4), values: [1, 10, 100, 1000])
        // [k][d], two outputs a group
        let w = Reference.Filters(outputs: 4, inputs: 2, height: 1, width: 1, values: [1, 2, 3, 4, 5, 6, 7, 8])
        let y = Reference.convolution(x, weight: w, bias: nil, stride: 1, padding: 0, groups: 2)
        #expect(y.values == [21, 43, 6500, 8700])
        let depthwise = Reference.Filters(outputs: 4, inputs: 1, height: 1, width: 1, values: [1, 2, 3, 4])
        let scaled = Reference.convolution(x, weight: depthwise, bias: nil, stride: 1, padding: 0, groups: 4)
        #expect(scaled.values == [1, 20, 300, 4000])
    }

    @Test("local response normalisation divides by its neighbours, an even window reaching further down")
    func localResponseNormalization() {
        let x = Reference.Maps(samples: 1, shape: Shape(features: 4), values: [1, 2, 3, 4])
        func normalized(size: Int) -> [Double] {
            Reference.localResponseNormalization(x, size: size, alpha: Double(size), beta: 1, k: 1).values
        }
        // Windows of squares 1, 4, 9, 16: alone; with the one below; with both.
        let divisors: [[Double]] = [[2, 5, 10, 17], [2, 6, 14, 26], [6, 15, 30, 26]]
        for (index, divisors) in divisors.enumerated() {
            #expect(normalized(size: index + 1) == zip(x.values, divisors).map { $0 / $1 })
        }
    }

    @Test("batch norm normalises with the biased variance and tracks the unbiased one")
    func batchNorm() {
        let x = Reference.Maps(samples: 2, shape: Shape(features: 1), values: [1, 5])
        let moments = Reference.moments(x)
        #expect(moments == Reference.Moments(mean: [3], variance: [4]))
        let y = Reference.batchNorm(x, moments: moments, weight: [2], bias: [10], epsilon: 0)
        #expect(y.values == [8, 12])
        let running = Reference.Moments(mean: [1], variance: [1])
        let tracked = Reference.tracked(running, with: moments, count: 2, momentum: 0.5)
        #expect(tracked == Reference.Moments(mean: [2], variance: [4.5]))
    }

    @Test("a maximum's gradient goes to the first of equals, in row order")
    func tiedMaximum() {
        let x = plane(2, [1, 5, 5, 5])
        let dx = Reference.maxPoolGradient(x, plane(1, [3]), kernel: 2, stride: 2, padding: 0)
        #expect(dx == plane(2, [0, 3, 0, 0]))
    }

    @Test("padding never is the maximum")
    func paddedMaximum() {
        let y = Reference.maxPool(plane(2, [-1, -2, -3, -4]), kernel: 2, stride: 2, padding: 1, ceilMode: false)
        #expect(y == plane(2, [-1, -2, -3, -4]))
    }

    @Test("an average counts padding, but not what ceil mode reaches beyond it")
    func average() {
        let ones = plane(2, [1, 1, 1, 1])
        #expect(
            Reference.averagePool(ones, kernel: 2, stride: 2, padding: 1, ceilMode: false)
                == plane(2, [0.25, 0.25, 0.25, 0.25]))
        let row = plane(1, [2, 4, 6])
        let y = Reference.averagePool(row, kernel: 2, stride: 2, padding: 0, ceilMode: true)
        // One row only: areas are 1 x 2 and 1 x 1.
        #expect(y == plane(1, [3, 6]))
    }

    @Test(
        "pooled extents are torch's",
        arguments: [
            (112, 3, 2, 1, false, 56), (112, 3, 2, 0, true, 56), (112, 3, 2, 0, false, 55), (3, 2, 2, 1, true, 2),
            (28, 2, 2, 0, false, 14), (2, 3, 2, 0, true, 1), (7, 3, 2, 0, true, 3), (8, 3, 2, 0, true, 4),
            (1, 1, 1, 0, false, 1),
        ])
    func extent(extent: Int, kernel: Int, stride: Int, padding: Int, ceilMode: Bool, expected: Int) {
        #expect(
            Reference.pooledExtent(extent, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
                == expected)
    }

    @Test("adaptive windows run from floor to ceil, and may overlap")
    func adaptiveAverage() {
        let y = Reference.adaptiveAveragePool(plane(1, [1, 2, 3, 4, 5]), height: 1, width: 2)
        #expect(y == plane(1, [2, 4]))
        let enlarged = Reference.adaptiveAveragePool(plane(1, [1, 2]), height: 1, width: 4)
        #expect(enlarged == plane(1, [1, 1, 2, 2]))
    }

    @Test("activations at their landmarks")
    func activations() {
        let x = plane(1, [-1, 0, 2])
        #expect(Reference.relu(x).values == [0, 0, 2])
        #expect(Reference.reluGradient(y: Reference.relu(x), plane(1, [7, 7, 7])).values == [0, 0, 7])
        let wide = plane(1, [-1, 0, 5, 6, 7])
        #expect(Reference.relu6(wide).values == [0, 0, 5, 6, 6])
        let dy = plane(1, [7, 7, 7, 7, 7])
        #expect(Reference.relu6Gradient(y: Reference.relu6(wide), dy).values == [0, 0, 7, 0, 0])
        #expect(Reference.tanh(plane(1, [0, 40])).values == [0, 1])
        #expect(Reference.tanhGradient(y: plane(1, [0.5]), plane(1, [8])).values == [6])
        // 0.841… is the share of a normal distribution below one deviation.
        let gelu = Reference.gelu(plane(1, [-40, -1, 0, 1, 40])).values
        #expect(gelu[0] == 0 && gelu[2] == 0 && gelu[4] == 40)
        #expect(abs(gelu[3] - 0.841_344_746_068_542_9) < 1e-15 && abs(gelu[1] + 0.158_655_253_931_457_1) < 1e-15)
        #expect(Reference.geluGradient(x: plane(1, [-40, 0, 40]), plane(1, [8, 8, 8])).values == [0, 4, 8])
        #expect(Reference.scale(plane(1, [-2, 3]), by: 0.5).values == [-1, 1.5])
        #expect(Reference.sigmoid(plane(1, [0])).values == [0.5])
        #expect(Reference.sigmoidGradient(y: plane(1, [0.5]), plane(1, [8])).values == [2])
    }

    @Test("even odds over K classes cost log K; large logits do not overflow")
    func crossEntropy() {
        let even = Reference.Maps(samples: 1, shape: Shape(features: 4), values: [2, 2, 2, 2])
        let loss = Reference.softmaxCrossEntropy(even, targets: [Target(1)], weight: 1)[0]
        #expect(abs(loss - 1.386_294_361_119_890_6) < 1e-15)
        let gradient = Reference.softmaxCrossEntropyGradient(even, targets: [Target(1)], weight: 2, batchSamples: 4)
        for (found, expected) in zip(gradient.values, [0.125, -0.375, 0.125, 0.125]) {
            #expect(abs(found - expected) < 1e-15)
        }
        let large = Reference.Maps(samples: 1, shape: Shape(features: 2), values: [10_000, 0])
        #expect(Reference.softmaxCrossEntropy(large, targets: [Target(1)], weight: 1) == [10_000])
    }

    @Test("dropout scales what it keeps")
    func dropout() {
        let y = Reference.dropout(plane(1, [1, 2, 3]), isKept: [true, false, true], rate: 0.5)
        #expect(y.values == [2, 0, 6])
    }
}
