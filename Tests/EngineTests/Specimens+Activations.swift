import Networks

extension Specimens {
    /// Activations where a rewrite makes them part of what stands before them, forward or backward, and few channels,
    /// of which data gradients have a way of their own.
    static let behindProducts: [Specimen] = [
        try? Specimen("few channels, sigmoids and averages", channels: 1, imageSize: 13, samples: 6) {
            $0.convolution("a", to: 6, kernel: 5, padding: 2, bias: true).sigmoid().averagePool(kernel: 2)
                .convolution("b", to: 17, kernel: 3).sigmoid().averagePool(kernel: 2).convolution(
                    "c", to: 20, kernel: 2
                )
                .sigmoid()
        },
        try? Specimen("few channels, averages that cover their map", channels: 2, imageSize: 12) {
            $0.convolution("a", to: 5, kernel: 3, padding: 1).tanh().averagePool(kernel: 2)
                .convolution("b", to: 9, kernel: 3, padding: 2).relu().averagePool(kernel: 4)
                .convolution("c", to: 33, kernel: 2, padding: 1).relu6().averagePool(kernel: 3)
        },
        try? Specimen("few channels with two readers", channels: 1, imageSize: 8) {
            let x = $0.convolution("a", to: 7, kernel: 3, stride: 2, padding: 1).relu()
            return x.convolution("b", to: 7, kernel: 3, padding: 1).add(x).relu()
                .convolution("c", to: 40, kernel: 4, padding: 0).relu()
        },
        // More rows than one task's, and what has been summed before is added.
        try? Specimen("few channels on a map of several strips", channels: 1, imageSize: 60, samples: 2) {
            let x = $0.convolution("a", to: 7, kernel: 3, padding: 1).sigmoid()
            return x.convolution("b", to: 17, kernel: 3, padding: 1).add(
                x.convolution("c", to: 17, kernel: 3, padding: 1)
            ).relu()
        },
        try? Specimen("ReLUs and maxima", imageSize: 10) {
            $0.convolution("a", to: 33, kernel: 3, padding: 1).relu().convolution("b", to: 40, kernel: 3, padding: 1)
                .relu().maxPool(kernel: 2).convolution("c", to: 18, kernel: 3, padding: 1).relu()
                .maxPool(kernel: 3, stride: 2, padding: 1).flatten().linear("d", to: 34).relu().dropout(rate: 0.25)
                .linear("e", to: 19).relu()
        },
        try? Specimen("ReLU6, strides, groups and pixels", imageSize: 9) {
            $0.convolution("a", to: 32, kernel: 3, stride: 2, padding: 1).relu6()
                .convolution("b", to: 32, kernel: 3, padding: 1, groups: 32).relu6()
                .convolution("c", to: 48, kernel: 1).relu6().convolution("d", to: 48, kernel: 3, padding: 1, groups: 3)
                .relu6().maxPool(kernel: 2).convolution("e", to: 16, kernel: 2, stride: 2).tanh()
        },
        try? Specimen("an activation with two readers", imageSize: 6) {
            let x = $0.convolution("a", to: 17, kernel: 3, padding: 1).relu()
            return x.convolution("b", to: 17, kernel: 3, padding: 1).add(x.maxPool(kernel: 3, stride: 1, padding: 1))
                .tanh()
        },
        // Sums of what an activation has made, forward and back, over maps of several runs.
        try? Specimen("norms behind activations", imageSize: 20) {
            $0.convolution("a", to: 33, kernel: 3, padding: 1).relu().batchNorm("bn1").tanh()
                .convolution("b", to: 16, kernel: 1).sigmoid().batchNorm("bn2").relu()
                .convolution("c", to: 48, kernel: 3, padding: 1).relu6().batchNorm("bn3").sigmoid()
                .convolution("d", to: 32, kernel: 3, padding: 1, bias: false).batchNorm("bn4").tanh()
                .convolution("e", to: 16, kernel: 3, stride: 2, padding: 1)
        },
        try? Specimen("GELUs behind norms, pools and scaled scores", imageSize: 16) {
            $0.convolution("a", to: 24, kernel: 2).gelu().convolution("b", to: 33, kernel: 3, padding: 1, bias: false)
                .maxPool(
                    kernel: 2
                )
                .batchNorm("bn1").gelu().convolution("c", to: 48, kernel: 3, padding: 1, bias: false).batchNorm("bn2")
                .gelu()
                .averagePool(kernel: 7).flatten().linear("d", to: 6, bias: false).scaled(by: 0.25)
        },
        // One reader that has it for an addend, and averages that do not overlap.
        try? Specimen("GELUs with two readers", channels: 1, imageSize: 12) {
            let x = $0.convolution("a", to: 6, kernel: 3, padding: 1).gelu()
            return x.convolution("b", to: 6, kernel: 3, padding: 1).add(x.scaled(by: -2)).gelu().averagePool(kernel: 2)
                .convolution("c", to: 18, kernel: 3)
        },
        try? Specimen("an activation that is computed again", imageSize: 40, samples: 2) {
            $0.convolution("a", to: 32, kernel: 3, padding: 1).relu().convolution("b", to: 48, kernel: 3, padding: 1)
                .relu().maxPool(kernel: 2).convolution("c", to: 64, kernel: 3, padding: 1).relu()
                .convolution("d", to: 64, kernel: 3, padding: 1)
        },
    ].compactMap { $0 }
}
