/// Why a picture cannot be had.
package enum ImageError: Error, Equatable, Sendable {
    case noFile(file: String)
    /// The system could not read on.
    case unreadable(file: String, reason: String)
    case empty(file: String)
    /// Neither a JPEG nor a PNG; `found` are the first bytes, in hexadecimal.
    case unknownFormat(file: String, found: String)
    /// More pixels than are accepted, by the header's word.
    case tooLarge(file: String, height: Int, width: Int, limit: Int)
    /// The file ends before the picture does; `bytes` are what it has.
    case truncated(file: String, format: String, bytes: Int, reason: String)
    /// The decoder's word for what is wrong inside.
    case damaged(file: String, format: String, reason: String)
}

extension ImageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noFile(let file):
            "\(file): there is no such file; expected a JPEG or PNG picture"
        case .unreadable(let file, let reason):
            "\(file) cannot be read: \(reason). Give a JPEG or PNG file, and check its permissions."
        case .empty(let file):
            "\(file) is empty; expected a JPEG or PNG picture. Fetch it again."
        case .unknownFormat(let file, let found):
            "\(file) begins with \(found), but a JPEG begins with ff d8 ff and a PNG with 89 50 4e 47. "
                + "Convert it to one of them."
        case .tooLarge(let file, let height, let width, let limit):
            "\(file) announces \(width) x \(height) pixels, but at most \(limit) pixels are accepted. Make it smaller."
        case .truncated(let file, let format, let bytes, let reason):
            "\(file) is cut short: it ends after \(bytes) bytes, before its \(format) picture does (\(reason)). "
                + "Fetch it again."
        case .damaged(let file, let format, let reason):
            "\(file) is a damaged \(format) file: \(reason). Fetch it again."
        }
    }
}
