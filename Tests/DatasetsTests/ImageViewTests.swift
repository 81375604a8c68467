import Datasets
import Tensors
import Testing

@Suite("Views of test images")
struct ImageViewTests {
    /// Three by three pixels of two channels: 1 … 9, and these below 0.
    private let images = FloatImages((1...9).flatMap { [Float($0), -Float($0)] }, samples: 1)

    private func seen(_ view: ImageView) -> [Float] {
        let pixels = view(images, side: 3).floats
        for index in 0..<9 { #expect(pixels[2 * index] == -pixels[2 * index + 1]) }
        return stride(from: 0, to: 18, by: 2).map { pixels[$0] }
    }

    @Test("the image as it is stays what it is")
    func plain() {
        #expect(seen(ImageView(isMirrored: false, shift: 0)) == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    @Test("a mirror image has each row backwards")
    func mirrored() {
        #expect(seen(ImageView(isMirrored: true, shift: 0)) == [3, 2, 1, 6, 5, 4, 9, 8, 7])
    }

    @Test("a moved image has its edge reflected, without the outermost pixel twice, as numpy's pad has it")
    func moved() {
        #expect(seen(ImageView(isMirrored: false, shift: 1)) == [5, 6, 5, 8, 9, 8, 5, 6, 5])
        #expect(seen(ImageView(isMirrored: false, shift: -1)) == [5, 4, 5, 2, 1, 2, 5, 4, 5])
    }

    @Test("a moved mirror image is the mirror image, moved")
    func both() {
        #expect(seen(ImageView(isMirrored: true, shift: 1)) == [5, 4, 5, 8, 7, 8, 5, 4, 5])
    }
}
