import Machine

extension MachineCores {
    /// Returns the cores that this process's launcher may use: mpirun on its own machine, its daemon on others. nil
    /// where `/proc` does not tell.
    ///
    /// The launcher is the nearest ancestor outside of the job: the environment of a rank, and of a script around it,
    /// names the rank.
    static func launcherAffinity() -> [Int]? {
        guard let launcher = launcher(of: "self") else { return nil }
        let cores = affinity(of: launcher)
        return cores.isEmpty ? nil : cores
    }

    /// Returns the nearest ancestor without a launcher's variables in its environment. A process whose environment may
    /// not be read belongs to another user, so not to the job.
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

    /// Returns the parent's number in `/proc/PID/stat`, after the program's name, which may contain spaces and
    /// parentheses.
    static func parent(stat: String) -> Int32? {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        return fields.count > 1 ? Int32(fields[1]) : nil
    }
}
