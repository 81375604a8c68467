import Files
import Glibc

/// The files that are being written beside their places, with names `.NAME.HOST.PID.partial`, and those of them whose
/// writers are gone.
enum PartialFile {
    private static let suffix = ".partial"
    /// The seconds after which another machine's file counts as abandoned.
    private static let patience = 24 * 60 * 60

    static func name(for name: String) -> String { ".\(name).\(host).\(getpid())\(suffix)" }

    /// Whether `name` is one that `name(for:)` makes, on any machine.
    static func isPartial(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(suffix) }

    /// Whether `name` is that of a partial file whose writer is gone. This process's own files count too: a folder has
    /// one writer, which asks before it writes.
    static func isAbandoned(_ name: String, in folder: String, of files: any FileSystem) -> Bool {
        guard isPartial(name) else { return false }
        let parts = name.dropLast(suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 4, let process = parts.last.flatMap({ Int32($0) }), process > 0 else { return false }
        if name.hasSuffix(".\(host).\(process)\(suffix)") {
            return process == getpid() || (kill(process, 0) != 0 && errno == ESRCH)
        }
        guard let status = try? files.status(of: folder + "/" + name) else { return false }
        return time(nil) - status.modified > patience
    }

    /// This machine's name, without dots, as dots separate the parts of a name.
    private static let host: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "host" }
        let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let letters = String(decoding: name, as: UTF8.self).map { $0 == "." || $0 == "/" ? "-" : $0 }
        return letters.isEmpty ? "host" : String(letters)
    }()
}
