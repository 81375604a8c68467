import Files
import Foundation
import Machine
import Synchronization
import Terminal

/// A process's part in a job of one or more processes: its start, and each way to its end.
package final class Job: Sendable {
    /// All ranks of the job.
    package var world: any Communicator { communicator }

    private let communicator: MPICommunicator
    private let isEnding = Atomic(false)
    /// Called with the error that ends the job, by the rank that reports it.
    private let onFailure: @Sendable (_ error: any Error, _ rank: Int) -> Void
    /// The watchdog; nil where there is no other rank to wait for.
    private let watchdog = Mutex<Watchdog?>(nil)

    /// The seconds that ranks which fail alike wait for each other.
    private static let patience: TimeInterval = 5
    /// The number of threads that MPI starts. MPI itself does not say why it cannot start them.
    private static let threadsOfMPI = 4

    /// The number of files that a process alone has open at once while MPI starts, and a few more.
    private static let fewestFiles = 16

    private init(
        _ communicator: MPICommunicator, onFailure: @escaping @Sendable (_ error: any Error, _ rank: Int) -> Void
    ) {
        self.communicator = communicator
        self.onFailure = onFailure
    }

    /// Starts MPI: joins the job that mpirun started, or makes a job of this process alone. At most once in a process.
    ///
    /// - Parameter onFailure: called after an error that ends the job has been reported, on the rank that reported it,
    ///   on any thread.
    package static func start(
        onFailure: @escaping @Sendable (_ error: any Error, _ rank: Int) -> Void = { _, _ in }
    ) throws(CollectiveError) -> Job {
        // Open MPI would end the process when it cannot open its plugins.
        let files = sysconf(Int32(_SC_OPEN_MAX))
        guard files < 0 || files >= fewestFiles else { throw .tooFewFiles(found: files, needed: fewestFiles) }
        try requireSessionFolder()
        do throws(ThreadError) {
            try SystemThread.require(threadsOfMPI, for: "MPI library")
        } catch {
            throw .thread(error)
        }
        let job = Job(try MPICommunicator(), onFailure: onFailure)
        try job.startWatchdog()
        return job
    }

    /// Checks that a process alone can make the folder that Open MPI needs for each job; Open MPI's own message fills a
    /// page. The launcher gives ranks their folder.
    private static func requireSessionFolder() throws(CollectiveError) {
        guard environmentPath("PMIX_RANK", "OMPI_COMM_WORLD_RANK") == nil else { return }
        let folder = environmentPath("OMPI_MCA_orte_tmpdir_base", "TMPDIR", "TEMP", "TMP") ?? "/tmp"
        // Open MPI makes a folder that is missing.
        do throws(FileError) {
            try makeFolders(folder)
        } catch {
            throw .noSessionFolder(path: folder, reason: error.reason)
        }
        if let code = errorOfMakingFolder(in: folder) {
            throw .noSessionFolder(path: folder, reason: systemReason(code))
        }
    }

    private func startWatchdog() throws(CollectiveError) {
        guard communicator.size > 1 else { return }
        do throws(ThreadError) {
            let dog = try Watchdog(control: communicator.control, recorder: communicator.recorder) { [self] error in
                fail(error)
            }
            watchdog.withLock { $0 = dog }
        } catch {
            throw .thread(error)
        }
    }

    /// Ends MPI on this process, once all ranks call `finish`. No communication may follow.
    package func finish() throws(CollectiveError) {
        try communicator.barrier(as: "end")
        // The watchdog must not call MPI after this.
        watchdog.withLock { $0 }?.stop()
        try communicator.finish()
    }

    /// Ends the job on all ranks with the error's exit status, after printing the error to standard error with this
    /// rank's name.
    ///
    /// For errors of this rank alone, while others may be waiting for it. May be called from any thread.
    package func fail(_ error: any Error) -> Never {
        // A second thread that fails for the same reason, or because of the first, has nothing to add.
        if isEnding.exchange(true, ordering: .relaxed) { waitForTheEnd() }
        end(error)
    }

    /// Ends the job for an error that all ranks see alike, such as a wrong flag: rank 0 prints it, and all exit with
    /// `code` or, where that is nil, with the error's status.
    ///
    /// Should a rank not call this within `patience`, those that did end the job as `fail` does.
    package func failTogether(_ error: any Error, code: Int32? = nil) -> Never {
        if isEnding.exchange(true, ordering: .relaxed) { waitForTheEnd() }
        if communicator.rank == 0 { report(error, as: Self.program) }
        let isReported = communicator.rank == 0
        do {
            // A process alone has no other to wait for.
            if communicator.size > 1 {
                try SystemThread.start("end of the job") { [self] in
                    Thread.sleep(forTimeInterval: Self.patience)
                    end(error, isReported: isReported)
                }
            }
        } catch {
            end(error, isReported: isReported)
        }
        do {
            try finish()
        } catch let finishError {
            end(finishError)
        }
        exit(code ?? error.status)
    }

    /// The name of this process in messages: its rank, or the program where it is alone.
    private var name: String {
        communicator.size == 1 ? Self.program : "rank \(communicator.rank)/\(communicator.size)"
    }

    private static let program = "cnn-train"

    private func end(_ error: any Error, isReported: Bool = false) -> Never {
        if !isReported { report(error, as: name) }
        if communicator.size == 1 { exit(error.status) }
        communicator.abort(code: error.status)
    }

    private func report(_ error: any Error, as name: String) {
        defer { onFailure(error, communicator.rank) }
        let words = error.words
        // Some commands have printed all there is to say.
        guard !words.isEmpty else { return }
        // Earlier output is to come before the error.
        fflush(nil)
        // One write, so that the lines of several ranks do not mix.
        try? StandardStream.error.write("\(name): \(words)\n")
    }

    private func waitForTheEnd() -> Never {
        while true { Thread.sleep(forTimeInterval: 1) }
    }
}
