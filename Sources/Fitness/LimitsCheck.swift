import Glibc
package import Machine

/// The limits that the system sets this user's processes: `ulimit`, and the control group's number of threads.
package enum LimitsCheck {
    /// The most files that a rank has open at once: those of Open MPI and of the loader's threads.
    static let enoughFiles = 1024
    /// Files without which Open MPI does not start.
    static let fewestFiles = 64
    /// Bytes of the files that ranks of a machine share.
    static let shortestFile = 8 << 20
    /// Bytes of a checkpoint of most networks.
    static let enoughFile = 2 << 30

    package static func ofFiles(_ most: Int) -> Finding {
        let remedy = "Raise it with `ulimit -n 4096`, or in /etc/security/limits.conf"
        let found = "\(most) files may be open at once (ulimit -n)"
        if most >= enoughFiles { return .ok("open files", found) }
        return most >= fewestFiles
            ? .warning("open files", found, needed: "\(enoughFiles)", remedy: remedy)
            : .problem("open files", found, needed: "at least \(fewestFiles)", remedy: remedy)
    }

    /// - Parameter longest: bytes; nil for no limit.
    package static func ofFileSize(_ longest: Int?) -> Finding {
        guard let longest else { return .ok("file size", "files may have any size (ulimit -f)") }
        return .ofBytes(
            "file size", longest, least: shortestFile, enough: enoughFile, of: { "files may have \($0) (ulimit -f)" },
            for: "for checkpoints and what ranks share", remedy: "Raise it with `ulimit -f unlimited`")
    }

    /// - Parameters:
    ///   - count: the threads of all ranks of the machine together.
    ///   - trial: starts that many threads, and throws where the system refuses.
    package static func ofThreads(_ count: Int, trial: (Int) throws(ThreadError) -> Void) -> Finding {
        do throws(ThreadError) {
            try trial(count)
            return .ok("threads", "\(count) threads can be started")
        } catch {
            return .problem(
                "threads", "\(error)", needed: "\(count) threads",
                remedy: "Raise `ulimit -u` or pids.max of the control group, or ask for fewer ranks or --threads")
        }
    }

    /// The threads of a rank besides the computing ones: of MPI, of the loader, of writers.
    static let otherThreads = 12

    /// Returns the findings about this machine's limits.
    ///
    /// - Parameters:
    ///   - cores: the number of cores that the program may use.
    ///   - ranks: the number of ranks on this machine.
    package static func findings(cores: Int, ranks: Int) -> [Finding] {
        // Loaders have as many threads as there are cores, too.
        let threads = 2 * cores + max(ranks, 1) * otherThreads
        return [
            ofFiles(sysconf(Int32(_SC_OPEN_MAX))), ofFileSize(longestFile),
            ofThreads(threads) { count throws(ThreadError) in try SystemThread.require(count, for: "check") },
        ]
    }
}
