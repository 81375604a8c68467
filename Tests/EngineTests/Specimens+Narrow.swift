import Networks

extension Specimens {
    /// Maps of eight channels at most whose pixels lie eight floats apart: averages over windows of even and odd size
    /// behind activations of all kinds, convolutions that fill them and that read them, of one strip and of several.
    static let narrow: [Specimen] = [
        try? Specimen("narrow maps, windows of two and three", channels: 1, imageSize: 12, samples: 6) {
            $0.convolution("a", to: 6, kernel: 5, padding: 2, bias: true).sigmoid().averagePool(kernel: 2)
                .convolution("b", to: 7, kernel: 3, padding: 1).tanh().averagePool(kernel: 3)
                .convolution("c", to: 20, kernel: 2, padding: 1).relu()
        },
        try? Specimen("narrow maps of eight channels", channels: 3, imageSize: 8) {
            $0.convolution("a", to: 8, kernel: 3, padding: 1).relu().averagePool(kernel: 2)
                .convolution("b", to: 8, kernel: 3, padding: 1).relu6().averagePool(kernel: 2)
                .convolution("c", to: 33, kernel: 2, padding: 1).relu()
        },
        try? Specimen("narrow maps of several strips", channels: 17, imageSize: 48, samples: 2) {
            $0.convolution("a", to: 5, kernel: 5, padding: 2).tanh().averagePool(kernel: 2)
                .convolution("b", to: 17, kernel: 3).sigmoid()
        },
        try? Specimen("narrow maps, windows of four", channels: 2, imageSize: 8, samples: 5) {
            $0.convolution("a", to: 3, kernel: 3, padding: 1).sigmoid().averagePool(kernel: 4)
                .convolution("b", to: 9, kernel: 2, padding: 1)
        },
    ].compactMap { $0 }
}
