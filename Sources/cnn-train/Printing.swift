import Collectives
import Synchronization
import Terminal

/// The reason why a line could not be printed; nil where all could.
private let firstFailure = Mutex<StreamFailure?>(nil)

/// Prints a line on standard output. A reader that is gone is no error; any other failure ends the command after its
/// work.
func print(_ text: String = "") {
    do {
        try StandardStream.output.write(text + "\n")
    } catch {
        firstFailure.withLock { $0 = $0 ?? (error.isReaderGone ? nil : error) }
    }
}

/// Prints an error on standard error.
func complain(_ message: String) {
    try? StandardStream.error.write("cnn-train: \(message)\n")
}

/// Prints notes besides the results on standard error.
func tell(_ notes: [String]) {
    for note in notes { complain("note: \(note.visible)") }
}

/// The error of a command whose output cannot be written.
struct PrintError: Error, CustomStringConvertible {
    let failure: StreamFailure

    /// - Throws: `PrintError` where a line of this process could not be printed.
    static func check() throws(PrintError) {
        if let failure = firstFailure.withLock(\.self) { throw PrintError(failure: failure) }
    }

    var description: String {
        "standard output cannot be written: \(failure). The command has done its work, but not all that it prints is "
            + "there: make space, or send it elsewhere"
    }
}
