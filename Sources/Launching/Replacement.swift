import Files
import Foundation
import Machine
import Terminal

/// This program's own file.
package var ownProgram: String {
    linkTarget("/proc/self/exe") ?? commandLineArguments().first ?? "cnn-train"
}

/// Goes on as another program in this same process: its exit code, the signals to it and the terminal are this one's.
/// Its output to a pipe goes through a relay, so that it does not end when the pipe's reader does.
///
/// - Parameter call: the program, looked for on PATH, and its arguments.
/// - Throws: `LaunchError` where the program is not there or the system refuses; otherwise it does not return.
package func becomeProgram(_ call: [String]) throws(LaunchError) -> Never {
    fflush(nil)
    // For C: a copy of each word, and an end.
    var words = call.map { $0.withPath { strdup($0) } }
    words.append(nil)
    // Signals that whoever started this process had blocked would never reach it.
    var nothing = sigset_t()
    sigemptyset(&nothing)
    sigprocmask(SIG_SETMASK, &nothing, nil)
    guard let program = words.first ?? nil else { throw .nothingToRun }
    OutputRelay.start()
    WriteSignals.restore()
    execvp(program, words)
    let code = errno
    for word in words { free(word) }
    if code == ENOENT { throw .noLauncher(path: ProcessInfo.processInfo.environment["PATH"] ?? "") }
    throw .refused(program: call[0], reason: systemReason(code))
}

/// Makes sure that mpirun may write the files that ranks of a machine share, for which it otherwise waits for ever.
package func requireSharedFiles() throws(LaunchError) {
    // The bytes that Open MPI's `vader` takes for each rank, and some more.
    let needed = 8 << 20
    if let longest = longestFile, longest < needed { throw .shortFiles(found: longest, needed: needed) }
}
