import Glibc

/// Paths as text. A path is bytes, of which only zero and `/` have a meaning, while text is Unicode. So a byte that is
/// not part of UTF-8 becomes the scalar U+10FE00 plus the byte, of a plane for private use, and the byte again in
/// system calls.
///
/// Every array of bytes has one text, which gives the same array again: bytes that are the UTF-8 of such a scalar are
/// each converted by themselves.
extension String {
    private static let escapeBase: UInt32 = 0x10FE00

    /// The text of a path, an argument or a file that names paths.
    package init(pathBytes bytes: some Collection<UInt8>) {
        if let text = String(validating: bytes, as: UTF8.self), !text.hasEscapes {
            self = text
            return
        }
        var scalars = String.UnicodeScalarView()
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var rest = bytes[...]
        func escape(_ count: Int) {
            scalars.append(
                contentsOf: rest.prefix(count).compactMap { Unicode.Scalar(Self.escapeBase + UInt32($0)) })
            rest = rest.dropFirst(count)
        }
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                if scalar.pathByte != nil {
                    escape(encoded.count)
                } else {
                    scalars.append(scalar)
                    rest = rest.dropFirst(encoded.count)
                }
            case .error(let length): escape(length)
            case .emptyInput:
                self = String(scalars)
                return
            }
        }
    }

    /// The text of a path that C gives.
    package init(path: UnsafePointer<CChar>) {
        self.init(pathBytes: UnsafeRawBufferPointer(start: path, count: strlen(path)))
    }

    /// The bytes that the system is to see.
    package var pathBytes: [UInt8] {
        guard hasEscapes else { return Array(utf8) }
        return unicodeScalars.flatMap { scalar in
            scalar.pathByte.map { [$0] } ?? Array(String(scalar).utf8)
        }
    }

    /// Hands the path to a function of C.
    package func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (pathBytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
            // There is a byte at least, the zero at the end.
            buffer.baseAddress.map(body) ?? body("")
        }
    }

    private var hasEscapes: Bool {
        // All of them begin with this byte in UTF-8.
        utf8.contains(0xF4) && unicodeScalars.contains { $0.pathByte != nil }
    }
}

extension Unicode.Scalar {
    /// The byte that the scalar means in a path's text; nil for other scalars.
    package var pathByte: UInt8? {
        0x10FE80...0x10FEFF ~= value ? UInt8(truncatingIfNeeded: value) : nil
    }
}

/// Returns the arguments of this process, the program's name first, each as the text of its bytes.
package func commandLineArguments() -> [String] {
    (0..<Int(CommandLine.argc)).compactMap { index in
        CommandLine.unsafeArgv[index].map { String(path: $0) }
    }
}

/// Returns a path's folder and the name in it; bytes alone decide.
package func splitPath(_ path: String) -> (folder: String, name: String) {
    let bytes = path.utf8
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    return (
        slash == bytes.startIndex ? "/" : String(path[..<slash]), String(path[bytes.index(after: slash)...])
    )
}
