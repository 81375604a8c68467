import Glibc

/// A file that appears under its name whole, or not at all.
///
/// It is written beside its place, flushed to the disk, and only then renamed; a crash at any point leaves whatever had
/// the name before.
/// A file that is never committed is removed.
struct AtomicFile: ~Copyable {
    /// The system calls that make a file, in their order.
    enum Call: String, CaseIterable, Sendable {
        case open, write, fsync, close, rename
        case openDirectory = "open folder"
        case syncDirectory = "fsync folder"
    }

    /// Stands in for the system in tests: the error number that a call shall fail with, or nil to let it happen.
    typealias Fault = (Call) -> Int32?

    /// The file's place.
    let path: String
    private let partial: String
    private let fault: Fault
    private var descriptor: Int32 = -1
    private var isRenamed = false

    /// Opens the file beside its place.
    init(path: String, fault: @escaping Fault = { _ in nil }) throws(CheckpointError) {
        self.path = path
        self.fault = fault
        let (folder, name) = PartialFile.split(path)
        partial = folder + "/" + PartialFile.name(for: name)
        descriptor = try call(.open) { Glibc.open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        if !isRenamed { unlink(partial) }
    }

    /// Appends `bytes`.
    mutating func write(_ bytes: borrowing RawSpan) throws(CheckpointError) {
        var written = 0
        while written < bytes.byteCount {
            // Pointers are what write(2) takes; they do not leave this closure.
            let rest = bytes.extracting(droppingFirst: written)
            written += try call(.write) { [descriptor] in
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
        }
    }

    /// Puts the file under its name, for good.
    ///
    /// After an error of fsync nothing is known of what the disk has, so it is not tried again: the file is dropped.
    mutating func commit() throws(CheckpointError) {
        try call(.fsync) { [descriptor] in Glibc.fsync(descriptor) }
        let closing = descriptor
        descriptor = -1
        try call(.close) { Glibc.close(closing) }
        try call(.rename) { [partial, path] in Glibc.rename(partial, path) }
        isRenamed = true
        // The name itself lies in the folder, which has a cache of its own.
        let folder = try call(.openDirectory) { [path] in
            Glibc.open(PartialFile.split(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { _ = Glibc.close(folder) }
        try call(.syncDirectory) { Glibc.fsync(folder) }
    }

    /// Makes a system call, again where a signal interrupted it (but close, which Linux never wants repeated).
    @discardableResult
    private func call<Result: SignedInteger>(
        _ call: Call, _ body: () -> Result
    ) throws(CheckpointError) -> Result {
        while true {
            let failure: Int32
            if let injected = fault(call) {
                failure = injected
            } else {
                let result = body()
                if result >= 0 { return result }
                failure = errno
            }
            if failure == EINTR && call != .close { continue }
            throw .system(call: call.rawValue, path: path, reason: String(cString: strerror(failure)))
        }
    }
}

/// The files beside their places: what they are called, and which of them nobody writes any more.
///
/// `.NAME.HOST.PID.partial`
enum PartialFile {
    private static let suffix = ".partial"
    /// Seconds after which a file of another machine counts as left behind.
    private static let patience = 24 * 60 * 60

    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    static func name(for name: String) -> String { ".\(name).\(host).\(getpid())\(suffix)" }

    /// Whether `name` is one of ours whose writer is gone. A file of this very process is: it has one writer a folder,
    /// and asks before it writes.
    static func isAbandoned(_ name: String, in folder: String) -> Bool {
        guard name.hasPrefix("."), name.hasSuffix(suffix) else { return false }
        let parts = name.dropLast(suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 4, let process = parts.last.flatMap({ Int32($0) }), process > 0 else { return false }
        if name.hasSuffix(".\(host).\(process)\(suffix)") {
            return process == getpid() || (kill(process, 0) != 0 && errno == ESRCH)
        }
        var status = stat()
        guard stat(folder + "/" + name, &status) == 0 else { return false }
        return time(nil) - status.st_mtim.tv_sec > patience
    }

    /// This machine's name, without dots: they separate the parts of a name.
    private static let host: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "host" }
        let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let letters = String(decoding: name, as: UTF8.self).map { $0 == "." || $0 == "/" ? "-" : $0 }
        return letters.isEmpty ? "host" : String(letters)
    }()
}
