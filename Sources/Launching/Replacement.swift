import Files
import Foundation
import Machine
import Terminal

/// The path of this program's file.
package var ownProgram: String {
    linkTarget("/proc/self/exe") ?? commandLineArguments().first ?? "cnn-train"
}

/// Replaces this program by another in the same process, which keeps the terminal, and whose signals and exit code are
/// those of this one. Its output to a pipe goes through a relay, so that it does not end when the pipe's reader does.
///
/// - Parameter call: the program, looked for on PATH, and its arguments.
/// - Throws: `LaunchError` where there is no such program or the system refuses; otherwise it does not return.
package func becomeProgram(_ call: [String]) throws(LaunchError) -> Never {
    fflush(nil)
    // C needs a copy of each word, and a null at the end.
    var words = call.map { $0.withPath { strdup($0) } }
    words.append(nil)
    // The new program would inherit blocked signals, which then would never reach it.
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

/// Checks that mpirun may write the files that ranks of a machine share; otherwise it would wait for ever.
package func requireSharedFiles() throws(LaunchError) {
    // Open MPI's `vader` takes this many bytes for each rank, with a margin.
    let needed = 8 << 20
    if let longest = longestFile, longest < needed { throw .shortFiles(found: longest, needed: needed) }
}
