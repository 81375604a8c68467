import CCrypto
import Foundation

/// The SHA-256 of bytes that come in pieces. (FIPS 180-4; computed by OpenSSL.)
struct SHA256: ~Copyable {
    private let context: OpaquePointer

    init() {
        guard let context = EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto has no SHA-256, or no memory is left")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: borrowing RawSpan) {
        let status = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(status == 1, "libcrypto refused \(bytes.byteCount) bytes")
    }

    mutating func update(_ bytes: [UInt8]) { update(bytes.span.bytes) }

    /// Returns the digest's 32 bytes.
    consuming func bytes() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        precondition(unsafe EVP_DigestFinal_ex(context, &digest, nil) == 1, "libcrypto could not finish a digest")
        return digest
    }

    /// Returns the digest as 64 hexadecimal digits.
    consuming func finished() -> String {
        bytes().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension SHA256 {
    /// Hashes a tensor's name, type and shape, which come before its elements.
    mutating func begin(_ tensor: ListedTensor) {
        update(Array(tensor.name.utf8) + [0] + Array(tensor.type.rawValue.utf8) + [0])
        update(([tensor.shape.count] + tensor.shape).flatMap { UInt64($0).littleEndianBytes })
    }
}

/// SHA-256, as 64 hexadecimal digits, of tensors in the order given.
///
/// Each tensor enters as its name in UTF-8, a zero byte, its type (`F32`, `I64`) and a zero byte. Then follow the
/// number of dimensions and each dimension as 64-bit little-endian numbers, and the elements, little-endian, row by
/// row.
package func sha256(of tensors: some Sequence<NamedTensor>) -> String {
    var digest = SHA256()
    for tensor in tensors {
        digest.begin(tensor.listed)
        switch tensor.storage {
        case .float32(let values): digest.update(values.span.bytes)
        case .int64(let values): digest.update(values.span.bytes)
        }
    }
    return digest.finished()
}

/// SHA-256 of a text in UTF-8: 32 bytes.
package func sha256(of text: String) -> [UInt8] {
    var digest = SHA256()
    digest.update(Array(text.utf8))
    return digest.bytes()
}

/// SHA-256 of a file's bytes, as 64 hexadecimal digits.
package func sha256(ofFile path: String) throws -> String {
    var digest = SHA256()
    let bytes = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    digest.update(bytes.bytes)
    return digest.finished()
}
