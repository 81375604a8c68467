import Graphs
import Networks
import TestSupport

/// Small networks, one family of operations each, at shapes where kernels go wrong.
enum Specimens {
    /// Every awkward geometry, with every awkward number of channels in and out. They are matched so that wide layers
    /// meet small windows: the references take their time.
    static let convolutions: [Specimen] = {
        let channels = AwkwardSizes.channels
        let geometries = AwkwardSizes.convolutions
        return (0..<max(channels.count, geometries.count)).compactMap { index in
            let geometry = geometries[index % geometries.count]
            let (inputs, outputs) = (channels[(5 * index + 7) % channels.count], channels[11 * index % channels.count])
            return try? Specimen(
                "convolution \(inputs) to \(outputs), \(geometry)", channels: inputs, imageSize: geometry.size
            ) {
                // The second has a gradient to pass on; both have a bias, which a network without norms keeps.
                $0.convolution("pointwise", to: inputs, kernel: 1)
                    .convolution(
                        "awkward", to: outputs, kernel: geometry.kernel, stride: geometry.stride,
                        padding: geometry.padding)
            }
        }
    }()

    /// Convolutions between all kinds of widths, of the images themselves and of each other.
    static let widths: [Specimen] = AwkwardSizes.channels.compactMap { channels in
        try? Specimen("\(channels) channels", channels: 3, imageSize: 5) {
            $0.convolution("first", to: channels, kernel: 3, padding: 1, bias: false).sigmoid()
                .convolution("second", to: channels, kernel: 3, stride: 2, padding: 1).sigmoid()
                .convolution("third", to: 17, kernel: 1)
        }
    }

    /// A norm undoes any scale before it, and magnifies the errors of inputs whose mean exceeds their deviation:
    /// gradients along a scale, or behind a sigmoid, would be rounding for the most part. So the images go round the
    /// first norm.
    static let norms: [Specimen] = AwkwardSizes.channels.compactMap { channels in
        try? Specimen("norm of \(channels)", channels: 3, imageSize: 5) { images in
            images.convolution("conv1", to: channels, kernel: 3, padding: 1, bias: false).batchNorm("norm1").relu()
                .concatenate(images)
                .convolution("conv2", to: channels, kernel: 3, bias: false).batchNorm("norm2").relu()
        }
    }

    static let pools: [Specimen] = [
        ("maxima", 3, 2, 1, false), ("maxima, ceil", 3, 2, 0, true), ("maxima, overlapping", 3, 1, 1, false),
        ("maxima of pairs", 2, 2, 0, false), ("maxima of pairs, ceil", 2, 2, 0, true),
    ].flatMap { (name: String, kernel: Int, stride: Int, padding: Int, ceilMode: Bool) in
        [8, 11].flatMap { size in
            [
                try? Specimen("\(name), \(size)", channels: 2, imageSize: size) {
                    $0.convolution("conv", to: 17, kernel: 3, padding: 1)
                        .maxPool(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
                        .convolution("next", to: 6, kernel: 2)
                },
                try? Specimen("averages for \(name), \(size)", channels: 2, imageSize: size) {
                    $0.convolution("conv", to: 33, kernel: 3, padding: 1)
                        .averagePool(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
                        .convolution("next", to: 6, kernel: 2)
                },
            ].compactMap { $0 }
        }
    }

    static let joints: [Specimen] = [
        try? Specimen("residual", imageSize: 7) {
            let x = $0.convolution("a", to: 10, kernel: 3, padding: 1)
            return x.sigmoid().convolution("b", to: 10, kernel: 3, padding: 1).add(x).sigmoid()
        },
        try? Specimen("residual block", imageSize: 8) {
            let x = $0.convolution("stem", to: 16, kernel: 3, padding: 1, bias: false).batchNorm("norm").relu()
            let body = x.convolution("conv1", to: 32, kernel: 3, stride: 2, padding: 1, bias: false)
                .batchNorm("bn1").relu().convolution("conv2", to: 32, kernel: 3, padding: 1, bias: false)
                .batchNorm("bn2")
            let projection = x.convolution("projection", to: 32, kernel: 1, stride: 2, bias: false).batchNorm("bn3")
            return body.add(projection).relu()
        },
        try? Specimen("dense block", imageSize: 6) {
            let block = (1...4).reduce($0.convolution("stem", to: 6, kernel: 3, padding: 1, bias: false)) { x, index in
                x.concatenate(
                    x.batchNorm("norm\(index)a").relu().convolution("conv\(index)a", to: 12, kernel: 1, bias: false)
                        .batchNorm("norm\(index)b").relu()
                        .convolution("conv\(index)b", to: 5, kernel: 3, padding: 1, bias: false))
            }
            return block.batchNorm("norm").relu().convolution("transition", to: 13, kernel: 1, bias: false)
                .averagePool(kernel: 2)
        },
        try? Specimen("inception", channels: 1, imageSize: 9) { images in
            let x = images.convolution("stem", to: 16, kernel: 3, padding: 1).sigmoid()
            return x.convolution("one", to: 15, kernel: 1).concatenate(
                x.convolution("reduce3", to: 6, kernel: 1).sigmoid()
                    .convolution("three", to: 31, kernel: 3, padding: 1),
                x.convolution("reduce5", to: 3, kernel: 1).sigmoid()
                    .convolution("five", to: 1, kernel: 5, padding: 2),
                x.maxPool(kernel: 3, stride: 1, padding: 1).convolution("pool", to: 10, kernel: 1)
            ).sigmoid()
        },
        try? Specimen("joined twice", imageSize: 5) {
            let x = $0.convolution("a", to: 7, kernel: 3, padding: 1)
            return x.concatenate(x.sigmoid(), x).add(x.concatenate(x, x.sigmoid()))
        },
        try? Specimen("dropout", imageSize: 6) {
            $0.dropout(rate: 0.25).convolution("a", to: 17, kernel: 3, padding: 1).dropout(rate: 0.5).sigmoid()
                .convolution("b", to: 6, kernel: 3)
        },
        try? Specimen("auxiliary head", imageSize: 6) {
            let x = $0.convolution("a", to: 10, kernel: 3, padding: 1).sigmoid()
            x.averagePool(kernel: 3).flatten().linear("auxiliary", to: 10).auxiliaryHead(weight: 0.3)
            return x.convolution("b", to: 6, kernel: 3)
        },
        try? Specimen(
            Network("linear layers", inputChannels: 3, classes: 33) {
                $0.convolution("a", to: 5, kernel: 3).sigmoid().flatten().linear("b", to: 31).sigmoid()
                    .linear("c", to: 33)
            }, imageSize: 7, samples: 4),
        try? Specimen("adaptive", imageSize: 7) {
            $0.convolution("a", to: 10, kernel: 3, padding: 1).adaptiveAveragePool(to: 3)
                .convolution("b", to: 6, kernel: 3)
        },
    ].compactMap { $0 }

    static let all = convolutions + widths + norms + pools + joints + zoo
}
