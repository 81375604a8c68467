/// A format that is decoded, by how a file begins; names are not to be trusted.
package enum ImageFormat: CaseIterable, Sendable {
    case jpeg, png, webp

    /// The name in messages.
    package var name: String {
        switch self {
        case .jpeg: "JPEG"
        case .png: "PNG"
        case .webp: "WebP"
        }
    }

    init?(_ bytes: Span<UInt8>) {
        if bytes.count >= 3, bytes[0] == 0xFF, bytes[1] == 0xD8, bytes[2] == 0xFF {
            self = .jpeg
        } else if bytes.count >= 8, bytes[0] == 0x89, bytes.has("PNG\r\n\u{1A}\n", at: 1) {
            self = .png
        } else if bytes.has("RIFF", at: 0), bytes.has("WEBP", at: 8) {
            self = .webp
        } else {
            return nil
        }
    }
}

/// A kind of file that is recognised by its first bytes and not decoded.
struct ForeignFormat {
    /// The name with its article: "a GIF picture".
    let name: String
    let remedy: Remedy

    enum Remedy {
        /// Convert it to PNG by ImageMagick: the first picture where a file may have several.
        case convert(mayBeSeveral: Bool = false)
        /// Convert it by another program.
        case use(String)
        /// Replace the file, which is not, or no longer, a picture.
        case replace
    }

    init?(_ bytes: Span<UInt8>) {
        if let found = Self.picture(bytes) ?? Self.boxes(bytes) ?? Self.text(bytes) ?? Self.other(bytes) {
            self = found
        } else {
            return nil
        }
    }

    private init(_ name: String, _ remedy: Remedy) {
        self.name = name
        self.remedy = remedy
    }

    /// Returns the error of a file of this kind.
    func error(file: String) -> ImageError {
        .foreign(file: file, found: name, advice: advice(file: file))
    }

    private func advice(file: String) -> String {
        switch remedy {
        case .replace: return "Fetch it again, or leave it out."
        case .use(let advice): return advice
        case .convert(let mayBeSeveral):
            // All files of this ending; where the ending is misleading, only this one.
            let slash = file.lastIndex(of: "/").map { file.index(after: $0) } ?? file.startIndex
            let ending = file[slash...].lastIndex(of: ".").map { String(file[$0...]) } ?? ""
            let isNamedOtherwise = ["", ".jpg", ".jpeg", ".png", ".webp"].contains(ending.lowercased())
            let which = isNamedOtherwise ? file : file[..<slash] + "*" + ending
            let quoted = which.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            return (isNamedOtherwise ? "ImageMagick converts it: " : "ImageMagick converts the folder: ")
                + "mogrify -format png '\(quoted)\(mayBeSeveral ? "[0]" : "")'"
        }
    }

    /// Pictures with a signature of their own.
    private static func picture(_ bytes: Span<UInt8>) -> ForeignFormat? {
        if bytes.has("GIF87a", at: 0) || bytes.has("GIF89a", at: 0) {
            return ForeignFormat("a GIF picture", .convert(mayBeSeveral: true))
        }
        // Two letters are not much: the length of its second header as well.
        if bytes.has("BM", at: 0), bytes.count >= 18,
            [12, 16, 40, 52, 56, 64, 108, 124].contains(number(bytes, at: 14, count: 4, isLittle: true))
        {
            return ForeignFormat("a BMP picture", .convert())
        }
        if bytes.has("II*\0", at: 0) || bytes.has("MM\0*", at: 0) || bytes.has("II+\0", at: 0)
            || bytes.has("MM\0+", at: 0)
        {
            return ForeignFormat("a TIFF picture, or a camera's raw file", .convert(mayBeSeveral: true))
        }
        if bytes.has("8BPS", at: 0) { return ForeignFormat("a Photoshop picture", .convert(mayBeSeveral: true)) }
        if bytes.has("DDS ", at: 0) { return ForeignFormat("a DDS texture", .convert()) }
        if bytes.has("qoif", at: 0) { return ForeignFormat("a QOI picture", .convert()) }
        if bytes.has("v/1\u{1}", at: 0) { return ForeignFormat("an OpenEXR picture", .convert()) }
        if bytes.has("#?RADIANCE", at: 0) { return ForeignFormat("a Radiance picture", .convert()) }
        if bytes.has("gimp xcf", at: 0) { return ForeignFormat("a GIMP picture", .convert()) }
        if bytes.has("\0\0\u{1}\0", at: 0) {
            return ForeignFormat("a Windows icon", .convert(mayBeSeveral: true))
        }
        if bytes.has("DICM", at: 128) { return ForeignFormat("a DICOM picture", .convert()) }
        if bytes.has("SIMPLE  =", at: 0) { return ForeignFormat("a FITS picture", .convert()) }
        if bytes.count >= 3, bytes[0] == UInt8(ascii: "P"), (UInt8(ascii: "1")...UInt8(ascii: "7")).contains(bytes[1]),
            [0x0A, 0x0D, 0x20, 0x09].contains(bytes[2])
        {
            return ForeignFormat("a PNM picture", .convert())
        }
        if bytes.count >= 4, bytes[0] == 0xFF, bytes[1] == 0x4F, bytes[2] == 0xFF, bytes[3] == 0x51 {
            return ForeignFormat("a JPEG 2000 picture", .convert())
        }
        if bytes.count >= 2, bytes[0] == 0xFF, bytes[1] == 0x0A {
            return ForeignFormat("a JPEG XL picture", .convert())
        }
        return nil
    }

    /// Files of boxes as in MPEG-4. (ISO/IEC 14496-12.)
    private static func boxes(_ bytes: Span<UInt8>) -> ForeignFormat? {
        if bytes.has("jP  \r\n", at: 4) { return ForeignFormat("a JPEG 2000 picture", .convert()) }
        if bytes.has("JXL \r\n", at: 4) { return ForeignFormat("a JPEG XL picture", .convert()) }
        guard bytes.has("ftyp", at: 4), bytes.count >= 12 else { return nil }
        let end = min(max(number(bytes, at: 0, count: 4, isLittle: false), 12), bytes.count - 3)
        // The main brand, its version, and others that it is compatible with.
        let brands = stride(from: 8, to: end, by: 4).map {
            String(decoding: bytes.extracting($0..<$0 + 4).array, as: UTF8.self)
        }
        if brands.contains("avif") || brands.contains("avis") { return ForeignFormat("an AVIF picture", .convert()) }
        if brands.contains(where: { $0.hasPrefix("hei") || $0.hasPrefix("hev") || $0 == "mif1" || $0 == "msf1" }) {
            return ForeignFormat("a HEIC picture", .convert())
        }
        if brands.contains("crx ") { return ForeignFormat("a camera's raw file", .convert()) }
        return ForeignFormat("a film", .replace)
    }

    /// Recognises text, and formats written as text.
    private static func text(_ bytes: Span<UInt8>) -> ForeignFormat? {
        if bytes.has("%PDF", at: 0) {
            return ForeignFormat("a PDF document", .use("pdftoppm -png of poppler-utils makes pictures of its pages."))
        }
        if bytes.has("%!PS", at: 0) { return ForeignFormat("a PostScript document", .convert()) }
        if bytes.has("version https://git-lfs", at: 0) {
            return ForeignFormat("a Git LFS pointer to a picture", .use("'git lfs pull' fetches the picture."))
        }
        let beginning = bytes.extracting(first: 1024).array
        // A byte order mark and blanks come before markup.
        let trimmed = beginning.drop { [0xEF, 0xBB, 0xBF, 0x20, 0x09, 0x0A, 0x0D].contains($0) }
        // Every byte is a printable letter, a blank or a part of a UTF-8 letter.
        guard !trimmed.isEmpty, trimmed.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }),
            String(validating: beginning.dropLast(beginning.count == 1024 ? 4 : 0), as: UTF8.self) != nil
        else { return nil }
        let letters = String(decoding: trimmed, as: UTF8.self).lowercased()
        if letters.contains("<svg") { return ForeignFormat("an SVG drawing", .convert()) }
        if letters.hasPrefix("<!doctype html") || letters.hasPrefix("<html") || letters.hasPrefix("<head") {
            return ForeignFormat("an HTML page, as servers send it instead of a picture", .replace)
        }
        return ForeignFormat("text", .replace)
    }

    /// Files that people find among their pictures.
    private static func other(_ bytes: Span<UInt8>) -> ForeignFormat? {
        if bytes.count >= 4, bytes[0] == 0, bytes[1] == 5, bytes[2] == 0x16, bytes[3] == 7 {
            return ForeignFormat("what macOS leaves beside a file (AppleDouble)", .replace)
        }
        if bytes.has("PK\u{3}\u{4}", at: 0) { return ForeignFormat("a zip archive", .use("Unpack it.")) }
        if bytes.has("ustar", at: 257) { return ForeignFormat("a tar archive", .use("Unpack it.")) }
        if bytes.count >= 2, bytes[0] == 0x1F, bytes[1] == 0x8B {
            return ForeignFormat("compressed by gzip", .use("gunzip unpacks it."))
        }
        if bytes.has("RIFF", at: 0) { return ForeignFormat("a sound or a film (RIFF)", .replace) }
        let beginning = bytes.extracting(first: 4096)
        for index in beginning.indices where beginning[index] != 0 { return nil }
        return bytes.isEmpty
            ? nil : ForeignFormat("a file of zeros, as a full disk or a broken copy leaves it", .replace)
    }
}
