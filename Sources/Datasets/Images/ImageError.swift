package import Machine

/// The reasons why a picture cannot be had.
package enum ImageError: Error, Equatable, Sendable {
    case noFile(file: String)
    /// The system could not read on.
    case unreadable(file: String, reason: String)
    case empty(file: String)
    /// A file of an unknown format; `found` are the first bytes, in hexadecimal.
    case unknownFormat(file: String, found: String)
    /// A file of a known kind that is not decoded: `found` is its name with an article, `advice` the remedy.
    case foreign(file: String, found: String, advice: String)
    /// A picture that may be sound, in a form of its format that is not decoded.
    case notSupported(file: String, format: String, reason: String)
    /// A picture with more pixels, by its header, than are accepted.
    case tooLarge(file: String, height: Int, width: Int, limit: Int)
    /// The library found no memory for the picture.
    case noMemory(file: String, height: Int, width: Int)
    /// A file that ends before the picture does; `bytes` is its length.
    case truncated(file: String, format: String, bytes: Int, reason: String)
    /// A picture with an error inside, in the decoder's words.
    case damaged(file: String, format: String, reason: String)
    /// A picture that does not fit into the memory.
    case memory(MemoryError)
}

extension ImageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noFile(let file):
            "\(file): there is no such file; expected a JPEG, PNG or WebP picture"
        case .unreadable(let file, let reason):
            "\(file) cannot be read: \(reason). Give a JPEG, PNG or WebP file, and check its permissions."
        case .empty(let file):
            "\(file) is empty; expected a JPEG, PNG or WebP picture. Fetch it again."
        case .unknownFormat(let file, let found):
            "\(file) begins with \(found), but a JPEG begins with ff d8 ff, a PNG with 89 50 4e 47 and a WebP with "
                + "52 49 46 46. Convert it to one of them."
        case .foreign(let file, let found, let advice):
            "\(file) is \(found); JPEG, PNG and WebP pictures are read. \(advice)"
        case .notSupported(let file, let format, let reason):
            "\(file) is a \(format) file of a kind that is not supported: \(reason). Save it anew as an ordinary JPEG "
                + "or as PNG with the program that wrote it."
        case .tooLarge(let file, let height, let width, let limit):
            "\(file) announces \(width) x \(height) pixels, but at most \(limit) pixels are accepted. Make it smaller."
        case .noMemory(let file, let height, let width):
            "\(file): there is no memory for a picture of \(width) x \(height) pixels. Make it smaller, or free memory."
        case .truncated(let file, let format, let bytes, let reason):
            "\(file) is cut short: it ends after \(bytes) bytes, before its \(format) picture does (\(reason)). "
                + "Fetch it again."
        case .damaged(let file, let format, let reason):
            "\(file) is a damaged \(format) file: \(reason). Fetch it again."
        case .memory(let error):
            "\(error)"
        }
    }
}
