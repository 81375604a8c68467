import Graphs
import Networks
import TestSupport

/// The operations of the later models: convolutions in groups, saturating activations, local response normalisation,
/// windows that reach beyond the map, heads in the middle.
extension Specimens {
    /// A grouped convolution: groups, channels in and out of one group, stride.
    typealias Cut = (groups: Int, inputs: Int, outputs: Int, stride: Int)

    /// Every number of groups with every width of a group, in one direction or both; narrow groups fill no vector, wide
    /// ones several.
    static let cuts: [Cut] = [2, 3, 4, 8, 32].flatMap { groups -> [Cut] in
        let widths = [1, 2, 3, 4, 8, 16, 32]
        return widths.indices.map { index in
            // Not as wide as the input, but for every third: then the map need not change.
            let outputs = index % 3 == 0 ? widths[index] : widths[(index + groups + 1) % widths.count]
            // The widest meet the smallest maps: the references take their time.
            return (groups, widths[index], outputs, groups * widths[index] > 256 || index % 2 == 1 ? 2 : 1)
        }
    }

    static let groups: [Specimen] = cuts.compactMap { cut in
        let channels = cut.groups * cut.inputs
        return try? Specimen(
            "\(cut.groups) groups of \(cut.inputs) to \(cut.outputs), stride \(cut.stride)", channels: 3,
            imageSize: channels > 64 ? 4 : 7, samples: channels > 256 ? 3 : 4
        ) {
            $0.convolution("pointwise", to: channels, kernel: 1)
                .convolution(
                    "grouped", to: cut.groups * cut.outputs, kernel: 3, stride: cut.stride, padding: 1,
                    groups: cut.groups, bias: cut.inputs % 2 == 0
                ).sigmoid()
        }
    }

    /// Kernels, paddings and joints that the above do not have.
    static let groupsElsewhere: [Specimen] = [
        try? Specimen("groups of the images", channels: 6, imageSize: 6) {
            $0.convolution("grouped", to: 10, kernel: 3, padding: 1, groups: 2)
        },
        try? Specimen("pointwise groups", imageSize: 5) {
            $0.convolution("a", to: 48, kernel: 1).convolution("grouped", to: 96, kernel: 1, groups: 3).sigmoid()
        },
        try? Specimen("groups without padding", imageSize: 9) {
            $0.convolution("a", to: 20, kernel: 1).convolution("grouped", to: 36, kernel: 5, stride: 2, groups: 4)
        },
        try? Specimen("groups over several pixels of padding", imageSize: 6) {
            $0.convolution("a", to: 40, kernel: 1)
                .convolution("grouped", to: 24, kernel: 7, stride: 2, padding: 3, groups: 8)
        },
        try? Specimen("two outputs for each channel", imageSize: 6) {
            $0.convolution("a", to: 17, kernel: 1).convolution("grouped", to: 34, kernel: 3, padding: 1, groups: 17)
        },
        try? Specimen("groups in a concatenation", imageSize: 6) {
            let x = $0.convolution("a", to: 12, kernel: 1)
            return x.concatenate(x.convolution("grouped", to: 20, kernel: 3, padding: 1, groups: 4))
                .convolution("again", to: 8, kernel: 3, groups: 2)
        },
        try? Specimen("aggregated residual block", imageSize: 8) {
            let x = $0.convolution("stem", to: 32, kernel: 3, padding: 1, bias: false).batchNorm("norm").relu()
            return x.convolution("conv1", to: 64, kernel: 1, bias: false).batchNorm("bn1").relu()
                .convolution("conv2", to: 64, kernel: 3, padding: 1, groups: 16, bias: false).batchNorm("bn2").relu()
                .convolution("conv3", to: 32, kernel: 1, bias: false).batchNorm("bn3").add(x).relu()
        },
    ].compactMap { $0 }

    /// Every channel a group of its own.
    static let depthwise: [Specimen] = [1, 6, 15, 16, 17, 32, 33, 96].flatMap { channels in
        [(3, 1), (3, 2), (5, 1), (5, 2)].compactMap { kernel, stride in
            try? Specimen(
                "depthwise \(kernel) of \(channels), stride \(stride)", channels: 3, imageSize: 6 + channels % 4
            ) {
                $0.convolution("pointwise", to: channels, kernel: 1)
                    .convolution(
                        "depthwise", to: channels, kernel: kernel, stride: stride, padding: kernel / 2,
                        groups: channels, bias: kernel == 5)
            }
        }
    }

    /// ReLU6 sees inputs beyond both of its bends: norms make numbers around one, sums make them eight.
    static let activations: [Specimen] = [1, 6, 16, 17, 33].flatMap { channels in
        [
            try? Specimen("relu6 of \(channels)", imageSize: 5) {
                let x = $0.convolution("a", to: channels, kernel: 3, padding: 1)
                let y = x.add(x).add(x.add(x))
                return y.add(y).relu6().convolution("b", to: 7, kernel: 3)
            },
            try? Specimen("tanh of \(channels)", imageSize: 5) {
                $0.convolution("a", to: channels, kernel: 3, padding: 1).tanh().convolution("b", to: 7, kernel: 3)
                    .tanh()
            },
            // Eight times as large: both tails of the distribution, where one of the branches ends.
            try? Specimen("gelu of \(channels)", imageSize: 5) {
                $0.convolution("a", to: channels, kernel: 3, padding: 1).scaled(by: 8).gelu()
                    .convolution("b", to: 7, kernel: 3).gelu()
            },
        ].compactMap { $0 }
    }

    /// With an alpha so large that neighbours count.
    static let responses: [Specimen] = [1, 5, 16, 33].flatMap { channels in
        [(5, 0.75), (4, 0.75), (3, 0.5), (1, 1)].compactMap { (size: Int, beta: Float) in
            try? Specimen("responses of \(channels), windows of \(size)", imageSize: 5) {
                $0.convolution("a", to: channels, kernel: 3, padding: 1)
                    .localResponseNormalization(size: size, alpha: 2, beta: beta, k: 1.5)
                    .convolution("b", to: 6, kernel: 2)
            }
        }
    }

    /// Windows in ceil mode: larger than the map, past its end, and as they come in GoogLeNet.
    static let ceilings: [Specimen] = [
        (2, 3, 2, 0), (3, 3, 2, 0), (4, 3, 2, 0), (6, 3, 2, 0), (5, 3, 1, 1), (5, 2, 2, 0), (6, 3, 3, 1), (3, 5, 3, 1),
    ].flatMap { (size: Int, kernel: Int, stride: Int, padding: Int) in
        [6, 17].flatMap { channels in
            [
                try? Specimen("maxima of \(kernel) by \(stride), \(padding), of \(channels)", imageSize: size) {
                    $0.convolution("a", to: channels, kernel: 3, padding: 1)
                        .maxPool(kernel: kernel, stride: stride, padding: padding, ceilMode: true)
                        .convolution("b", to: 6, kernel: 1)
                },
                try? Specimen("averages of \(kernel) by \(stride), \(padding), of \(channels)", imageSize: size) {
                    $0.convolution("a", to: channels, kernel: 3, padding: 1)
                        .averagePool(kernel: kernel, stride: stride, padding: padding, ceilMode: true)
                        .convolution("b", to: 6, kernel: 1)
                },
            ].compactMap { $0 }
        }
    }

    static let heads: [Specimen] = [
        try? Specimen("two auxiliary heads", imageSize: 6) {
            let x = $0.convolution("a", to: 10, kernel: 3, padding: 1).sigmoid()
            let y = x.convolution("b", to: 17, kernel: 3, padding: 1).sigmoid()
            x.adaptiveAveragePool(to: 4).convolution("aux1.conv", to: 5, kernel: 1).sigmoid().flatten()
                .linear("aux1.fc", to: 10).auxiliaryHead(weight: 0.3)
            y.adaptiveAveragePool(to: 4).convolution("aux2.conv", to: 5, kernel: 1).sigmoid().flatten()
                .linear("aux2.fc1", to: 12).sigmoid().linear("aux2.fc2", to: 10).auxiliaryHead(weight: 0.3)
            return y.convolution("c", to: 6, kernel: 3)
        }
    ].compactMap { $0 }

    static let zoo =
        groups + groupsElsewhere + depthwise + activations + responses + ceilings + heads + behindProducts + narrow
}
