import CommandSupport
import Foundation
import Synchronization
import Testing

/// A terminal that is played: programs write to its other end, and what they write is kept.
final class PseudoTerminal: Sendable {
    /// The end that a program is given as its standard streams.
    let program: FileHandle
    private let own: Int32
    private let written = Mutex<[UInt8]>([])
    private let isRead = DispatchSemaphore(value: 0)

    /// - Parameter columns: of its window.
    init(columns: Int) throws {
        own = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (isLocked, number): (Int32, UInt32) = (0, 0)
        try #require(
            own >= 0 && ioctl(own, Self.lock, &isLocked) == 0 && ioctl(own, Self.number, &number) == 0,
            "the system gives no pseudo-terminal")
        let other = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(other >= 0)
        program = FileHandle(fileDescriptor: other, closeOnDealloc: true)
        resize(columns: columns)
        Thread.detachNewThread { [self] in readAll() }
    }

    /// TIOCSPTLCK and TIOCGPTN of Linux (asm-generic/ioctls.h), which the module of glibc leaves out as it does
    /// `grantpt`.
    private static let (lock, number): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

    /// Changes the window's width.
    func resize(columns: Int) {
        var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(own, UInt(TIOCSWINSZ), &size)
    }

    /// The text that has been written so far.
    var text: String { String(decoding: written.withLock(\.self), as: UTF8.self) }

    /// Waits until the programs' end is closed everywhere, and gives all that was written.
    func end() throws -> String {
        try program.close()
        isRead.wait()
        close(own)
        return text
    }

    private func readAll() {
        var bytes = [UInt8](repeating: 0, count: 1 << 12)
        while true {
            let count = read(own, &bytes, bytes.count)
            if count < 0 && errno == EINTR { continue }
            // The system says EIO once nobody has the other end open.
            guard count > 0 else { break }
            written.withLock { $0 += bytes[..<count] }
        }
        isRead.signal()
    }
}

/// The lines that a terminal shows after it was sent a text.
struct Screen {
    /// From the top; what a window cannot show any more included.
    private(set) var lines: [String] = []
    /// Each state of the last line before it was drawn again, moved on or taken away.
    private(set) var drawings: [String] = []
    /// Whether colours were asked for.
    private(set) var isColoured = false
    /// Characters and sequences that are no text and none of the few things that our programs may ask of a terminal.
    private(set) var odd: [String] = []

    init(_ text: String) {
        var rest = Array(text.replacing("\r\n", with: "\n").unicodeScalars)[...]
        var line: [Character] = []
        var column = 0
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\n":
                lines.append(String(line))
                line = []
                column = 0
            case "\r":
                if !line.isEmpty { drawings.append(String(line)) }
                column = 0
            case "\u{1B}":
                let end = rest.firstIndex { $0 == "m" || $0 == "K" } ?? rest.endIndex
                let sequence = String(String.UnicodeScalarView(rest[..<end]))
                let kind = end < rest.endIndex ? rest[end] : "?"
                rest = end < rest.endIndex ? rest[rest.index(after: end)...] : []
                switch (sequence, kind) {
                case ("[", "K"): line = Array(line.prefix(column))
                case ("[36", "m"), ("[0", "m"): isColoured = true
                default: odd.append("\(sequence)\(kind)")
                }
            default:
                if scalar.value < 0x20 && scalar != "\t" { odd.append("\(scalar.value)") }
                if column < line.count { line[column] = Character(scalar) } else { line.append(Character(scalar)) }
                column += 1
            }
        }
        lines.append(String(line))
    }
}

extension Commands {
    /// Runs a shell script, in which `$BINARY` is the program and standard output and error are a terminal; stops it
    /// after two minutes.
    ///
    /// - Parameter meanwhile: called again and again while it runs.
    func run(
        script: String, on terminal: PseudoTerminal, environment: [String: String] = [:], meanwhile: () -> Void = {}
    ) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["--default-signal", "timeout", "--kill-after=5", "120", "bash", "-c", script]
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = ProcessInfo.processInfo.environment.merging(
            [
                "BINARY": try Self.binary(), "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "",
                "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
            ].merging(environment) { _, asked in asked }
        ) { _, ours in ours }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = terminal.program
        process.standardError = terminal.program
        try process.run()
        Self.watch(process, meanwhile)
        process.waitUntilExit()
        return (process.terminationStatus, try terminal.end())
    }
}
