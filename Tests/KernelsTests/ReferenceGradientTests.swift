import Kernels
import Tensors
import TestSupport
import Testing

/// Each reference's backward half is the derivative of its forward half.
@Suite struct ReferenceGradientTests {
    static let convolutions = AwkwardSizes.convolutions.filter { $0.size < 11 }

    @Test("gradients of a convolution equal central differences", arguments: convolutions)
    func convolution(geometry: AwkwardSizes.Geometry) {
        let (size, stride, padding) = (geometry.size, geometry.stride, geometry.padding)
        // Wider than high, so that rows and columns cannot be confused.
        let x = maps("x", samples: 1, Shape(height: size, width: size + 1, channels: 2))
        let count = 3 * 2 * geometry.kernel * geometry.kernel
        let w = Reference.Filters(
            outputs: 3, inputs: 2, height: geometry.kernel, width: geometry.kernel, values: numbers("w", count))
        let b = numbers("b", 3)
        let y = Reference.convolution(x, weight: w, bias: b, stride: stride, padding: padding)
        let projection = Projection(y)
        let terms = y.values.count * (count / 3 + 1)
        expectGradient(
            Reference.convolutionDataGradient(
                projection.dy, weight: w, stride: stride, padding: padding, shape: x.shape
            ).values, at: x.values, terms: terms
        ) { projection.loss(Reference.convolution(x.with($0), weight: w, bias: b, stride: stride, padding: padding)) }
        let gradient = Reference.convolutionWeightGradient(
            x, projection.dy, height: geometry.kernel, width: geometry.kernel, stride: stride, padding: padding)
        expectGradient(gradient.weight.values, at: w.values, terms: terms) {
            var w = w
            w.values = $0
            return projection.loss(Reference.convolution(x, weight: w, bias: b, stride: stride, padding: padding))
        }
        expectGradient(gradient.bias, at: b, terms: terms) {
            projection.loss(Reference.convolution(x, weight: w, bias: $0, stride: stride, padding: padding))
        }
    }

    @Test(
        "gradients of a grouped convolution equal central differences",
        arguments: [(2, 1, 1), (3, 2, 1), (2, 3, 2), (4, 1, 2), (5, 2, 3)], [1, 2])
    func groupedConvolution(cut: (groups: Int, inputs: Int, outputs: Int), stride: Int) {
        let (groups, kernel) = (cut.groups, 3)
        let x = maps("x", samples: 2, Shape(height: 4, width: 5, channels: groups * cut.inputs))
        let outputs = groups * cut.outputs
        let count = outputs * cut.inputs * kernel * kernel
        let w = Reference.Filters(
            outputs: outputs, inputs: cut.inputs, height: kernel, width: kernel, values: numbers("w", count))
        func forward(_ x: Reference.Maps, _ w: Reference.Filters) -> Reference.Maps {
            Reference.convolution(x, weight: w, bias: nil, stride: stride, padding: 1, groups: groups)
        }
        let projection = Projection(forward(x, w))
        let terms = projection.dy.values.count * (count / outputs + 1)
        expectGradient(
            Reference.convolutionDataGradient(
                projection.dy, weight: w, stride: stride, padding: 1, groups: groups, shape: x.shape
            ).values, at: x.values, terms: terms
        ) { projection.loss(forward(x.with($0), w)) }
        let gradient = Reference.convolutionWeightGradient(
            x, projection.dy, height: kernel, width: kernel, stride: stride, padding: 1, groups: groups)
        expectGradient(gradient.weight.values, at: w.values, terms: terms) {
            var w = w
            w.values = $0
            return projection.loss(forward(x, w))
        }
    }

    @Test("gradients of batch norm equal central differences", arguments: [1, 2, 5], [1, 3])
    func batchNorm(size: Int, channels: Int) {
        let x = maps("x", samples: 4, Shape(height: size, width: size, channels: channels))
        let gamma = numbers("gamma", channels).map { 1 + 0.3 * $0 }
        let beta = numbers("beta", channels)
        func forward(_ x: Reference.Maps, _ gamma: [Double], _ beta: [Double]) -> Reference.Maps {
            Reference.batchNorm(x, moments: Reference.moments(x), weight: gamma, bias: beta, epsilon: 0.1)
        }
        let y = forward(x, gamma, beta)
        let projection = Projection(y)
        let gradient = Reference.batchNormGradient(
            x, projection.dy, moments: Reference.moments(x), weight: gamma, epsilon: 0.1)
        let terms = 4 * y.values.count
        expectGradient(gradient.x.values, at: x.values, terms: terms) {
            projection.loss(forward(x.with($0), gamma, beta))
        }
        expectGradient(gradient.weight, at: gamma, terms: terms) { projection.loss(forward(x, $0, beta)) }
        expectGradient(gradient.bias, at: beta, terms: terms) { projection.loss(forward(x, gamma, $0)) }
    }

    @Test("gradients of activations equal central differences", arguments: AwkwardSizes.counts)
    func activations(count: Int) {
        // Away from ReLU's kink by far more than the step.
        let x = Reference.Maps(
            samples: 1, shape: Shape(features: count), values: numbers("x", count).map { $0 + ($0 < 0 ? -0.1 : 0.1) })
        let projection = Projection(x)
        expectGradient(
            Reference.reluGradient(y: Reference.relu(x), projection.dy).values, at: x.values, terms: count
        ) { projection.loss(Reference.relu(x.with($0))) }
        expectGradient(
            Reference.sigmoidGradient(y: Reference.sigmoid(x), projection.dy).values, at: x.values, terms: count
        ) { projection.loss(Reference.sigmoid(x.with($0))) }
        expectGradient(
            Reference.tanhGradient(y: Reference.tanh(x), projection.dy).values, at: x.values, terms: count
        ) { projection.loss(Reference.tanh(x.with($0))) }
        expectGradient(Reference.geluGradient(x: x, projection.dy).values, at: x.values, terms: count) {
            projection.loss(Reference.gelu(x.with($0)))
        }
        expectGradient(Reference.scale(projection.dy, by: -3).values, at: x.values, terms: count) {
            projection.loss(Reference.scale(x.with($0), by: -3))
        }
    }

    @Test("the gradient of ReLU6 equals central differences, on the slope and on both floors")
    func relu6() {
        let x = Reference.Maps(
            samples: 1, shape: Shape(features: 7), values: [-3, -0.1, 0.1, 3, 5.9, 6.1, 20])
        let projection = Projection(x)
        expectGradient(
            Reference.relu6Gradient(y: Reference.relu6(x), projection.dy).values, at: x.values, terms: 7
        ) { projection.loss(Reference.relu6(x.with($0))) }
    }

    @Test(
        "the gradient of local response normalisation equals central differences", arguments: [1, 2, 5, 16],
        [1, 2, 3, 4, 5])
    func localResponseNormalization(channels: Int, size: Int) {
        let x = maps("x", samples: 2, Shape(height: 1, width: 2, channels: channels))
        func forward(_ x: Reference.Maps) -> Reference.Maps {
            Reference.localResponseNormalization(x, size: size, alpha: 0.5, beta: 0.75, k: 1.5)
        }
        let projection = Projection(x)
        let gradient = Reference.localResponseNormalizationGradient(
            x, projection.dy, size: size, alpha: 0.5, beta: 0.75, k: 1.5)
        expectGradient(gradient.values, at: x.values, terms: x.values.count * (size + 1)) {
            projection.loss(forward(x.with($0)))
        }
    }

    @Test(
        "gradients of pooling equal central differences",
        arguments: [(5, 2, 2, 0), (7, 3, 2, 1), (6, 3, 2, 0), (4, 2, 1, 1), (5, 3, 3, 1)], [false, true])
    func pooling(window: (size: Int, kernel: Int, stride: Int, padding: Int), ceilMode: Bool) {
        let (kernel, stride, padding) = (window.kernel, window.stride, window.padding)
        let shape = Shape(height: window.size, width: window.size + 1, channels: 3)
        // A fixed shuffle of different numbers, further apart than the step.
        let count = 2 * shape.count
        let order = (0..<count).sorted { ($0 * 37 % 101, $0) < ($1 * 37 % 101, $1) }
        let x = Reference.Maps(samples: 2, shape: shape, values: order.map { Double($0) / Double(count) })
        func maximum(_ x: Reference.Maps) -> Reference.Maps {
            Reference.maxPool(x, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        }
        func average(_ x: Reference.Maps) -> Reference.Maps {
            Reference.averagePool(x, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        }
        let projection = Projection(maximum(x))
        let terms = projection.dy.values.count * kernel * kernel
        expectGradient(
            Reference.maxPoolGradient(x, projection.dy, kernel: kernel, stride: stride, padding: padding).values,
            at: x.values, terms: terms
        ) { projection.loss(maximum(x.with($0))) }
        expectGradient(
            Reference.averagePoolGradient(
                projection.dy, kernel: kernel, stride: stride, padding: padding, shape: shape
            ).values, at: x.values, terms: terms
        ) { projection.loss(average(x.with($0))) }
    }

    @Test("a window that ceil mode lets reach beyond the whole map takes what there is")
    func windowBeyondTheMap() {
        let x = maps("x", samples: 1, Shape(height: 2, width: 2, channels: 3))
        let maximum = Reference.maxPool(x, kernel: 3, stride: 2, padding: 0, ceilMode: true)
        #expect(maximum.shape == Shape(features: 3))
        for channel in 0..<3 {
            let pixels: [Double] = (0..<4).map { x.values[3 * $0 + channel] }
            #expect(maximum.values[channel] == pixels.max())
        }
        let dy = maps("dy", samples: 1, Shape(features: 3))
        let dx = Reference.averagePoolGradient(dy, kernel: 3, stride: 2, padding: 0, shape: x.shape)
        #expect(dx.values == (0..<4).flatMap { _ in dy.values.map { $0 / 4 } })
    }

    @Test("the gradient of adaptive average pooling equals central differences", arguments: [1, 2, 3, 5, 7])
    func adaptiveAveragePooling(size: Int) {
        let x = maps("x", samples: 2, Shape(height: 5, width: 6, channels: 2))
        let y = Reference.adaptiveAveragePool(x, height: size, width: 1)
        let projection = Projection(y)
        expectGradient(
            Reference.adaptiveAveragePoolGradient(projection.dy, shape: x.shape).values, at: x.values,
            terms: x.values.count
        ) { projection.loss(Reference.adaptiveAveragePool(x.with($0), height: size, width: 1)) }
    }

    @Test("the gradient of dropout equals central differences")
    func dropout() {
        let x = maps("x", samples: 2, Shape(height: 2, width: 3, channels: 3))
        let isKept = numbers("mask", x.values.count).map { $0 > -0.4 }
        let projection = Projection(x)
        expectGradient(
            Reference.dropout(projection.dy, isKept: isKept, rate: 0.3).values, at: x.values, terms: x.values.count
        ) { projection.loss(Reference.dropout(x.with($0), isKept: isKept, rate: 0.3)) }
    }

    @Test("the gradient of softmax cross-entropy equals central differences", arguments: [1, 2, 10, 33])
    func softmaxCrossEntropy(classes: Int) {
        let x = maps("x", samples: 3, Shape(features: classes))
        let targets = (0..<3).map {
            Target(Int32((7 * $0 + 3) % classes), second: Int32($0 % classes), weight: $0 == 1 ? 0.25 : 1)
        }
        let gradient = Reference.softmaxCrossEntropyGradient(x, targets: targets, weight: 0.3, batchSamples: 3)
        expectGradient(gradient.values, at: x.values, terms: 3 * (classes + 1)) {
            Reference.softmaxCrossEntropy(x.with($0), targets: targets, weight: 0.3).reduce(0, +) / 3
        }
    }

    @Test(
        "the gradient of cross-entropy with label smoothing and class weights equals central differences",
        arguments: [1, 2, 10, 33])
    func weighedCrossEntropy(classes: Int) {
        let x = maps("x", samples: 3, Shape(features: classes))
        let targets = (0..<3).map {
            Target(Int32((7 * $0 + 3) % classes), second: Int32($0 % classes), weight: $0 == 1 ? 0.25 : 1)
        }
        let rule = Reference.TargetRule(
            smoothing: 0.1, classWeights: (0..<classes).map { 0.25 + 0.5 * Double($0 % 4) })
        let gradient = Reference.softmaxCrossEntropyGradient(
            x, targets: targets, rule: rule, weight: 0.3, batchSamples: 3)
        expectGradient(gradient.values, at: x.values, terms: 3 * (classes + 1)) {
            Reference.softmaxCrossEntropy(x.with($0), targets: targets, rule: rule, weight: 0.3).reduce(0, +) / 3
        }
    }

    @Test("slices undo a concatenation")
    func concatenation() {
        let parts = [3, 1, 5].enumerated().map { index, channels in
            maps("part \(index)", samples: 2, Shape(height: 2, width: 3, channels: channels))
        }
        let whole = Reference.concatenate(parts)
        #expect(whole.shape == Shape(height: 2, width: 3, channels: 9))
        var offset = 0
        for part in parts {
            #expect(Reference.slice(whole, offset: offset, channels: part.shape.channels) == part)
            offset += part.shape.channels
        }
    }
}
