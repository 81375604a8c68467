import Machine

extension MachineCores {
    /// The cores that whoever launched this process may use itself: mpirun on its own machine, on others the daemon
    /// that stands in for it.
    ///
    /// That is the nearest ancestor which is no part of the job: a rank's environment, and that of a script around it,
    /// names the rank. nil where `/proc` does not tell.
    static func launcherAffinity() -> [Int]? {
        guard let launcher = launcher(of: "self") else { return nil }
        let cores = affinity(of: launcher)
        return cores.isEmpty ? nil : cores
    }

    /// The nearest ancestor whose environment has none of the names that a launcher gives to what it starts. Whose
    /// environment may not be read is another user's, so it is none of the job's.
    private static func launcher(of process: String) -> Int32? {
        var process = process
        while let parent = SystemFile.text("/proc/\(process)/stat").flatMap(parent(stat:)), parent > 0 {
            process = "\(parent)"
            guard let environment = SystemFile.text("/proc/\(process)/environ"),
                Launcher.isNamed(inEnvironment: environment)
            else {
                return parent
            }
        }
        return nil
    }

    /// The parent's number in `/proc/PID/stat`, behind the program's name, which may itself hold spaces and
    /// parentheses.
    static func parent(stat: String) -> Int32? {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        return fields.count > 1 ? Int32(fields[1]) : nil
    }
}
