/// Returns the bytes of images that differ from each other, one after the other.
///
/// It stands here because tests are not optimised, and it goes over millions of pixels.
package func patternedImages(_ count: Int, pixels: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count * pixels)
    for image in 0..<count {
        for pixel in 0..<pixels { bytes[image * pixels + pixel] = UInt8((37 * image + 11 * pixel) % 251) }
    }
    return bytes
}
