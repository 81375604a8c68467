import Checkpoints
import Files

/// The identity of a run, which distinguishes its steps from those of another run in the same folder.
///
/// The folder's file `run.id` has it. A run that begins anew draws a new one; a resumed run keeps its own.
package struct RunIdentity: Hashable, Sendable {
    /// The identity as 32 hexadecimal digits.
    package let text: String

    package static let digits = 32

    /// Reads an identity; nil for any other text.
    package init?(_ text: some StringProtocol) {
        let isDigits = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
            default: false
            }
        }
        guard text.utf8.count == Self.digits, isDigits else { return nil }
        self.text = String(text)
    }

    /// Draws an identity from the system's random numbers.
    package init() {
        var random = SystemRandomNumberGenerator()
        text = [random.next(), random.next()].map { (half: UInt64) in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: Self.digits / 2 - digits.count) + digits
        }.joined()
    }

    /// Reads the identity of a folder; nil where it has none that can be read.
    package init?(of folder: RunFolder) {
        guard let bytes = try? readFile(folder.identity, limit: 1 << 10) else { return nil }
        self.init(String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? "")
    }

    /// Writes the identity into a folder, whole or not at all.
    ///
    /// - Throws: `RunError.cannotWrite`
    package func write(to folder: RunFolder) throws(RunError) {
        try RunError.writing(folder.identity) { try writeFile(text + "\n", to: folder.identity) }
    }
}
