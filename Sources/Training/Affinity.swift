import Glibc

// Glibc declares these for _GNU_SOURCE only, which Swift does not define.
@_silgen_name("sched_getaffinity")
private func sched_getaffinity(_ process: pid_t, _ size: Int, _ set: UnsafeMutableRawPointer) -> Int32
@_silgen_name("sched_setaffinity")
private func sched_setaffinity(_ process: pid_t, _ size: Int, _ set: UnsafeRawPointer) -> Int32

extension MachineCores {
    /// The cores that this thread may run on.
    package static func affinity() -> [Int] {
        var set = cpu_set_t()
        guard sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 else { return [] }
        return withUnsafeBytes(of: set) { bytes in
            (0..<bytes.count * 8).filter { bytes[$0 / 8] & (1 << ($0 % 8)) != 0 }
        }
    }

    /// Lets this thread, and those it starts from now on, run on `cores` and nowhere else. False where the system refuses.
    @discardableResult
    package static func setAffinity(_ cores: [Int]) -> Bool {
        var set = cpu_set_t()
        withUnsafeMutableBytes(of: &set) { bytes in
            for core in cores where core / 8 < bytes.count { bytes[core / 8] |= 1 << (core % 8) }
        }
        return sched_setaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0
    }

    /// Undoes a launcher's binding that is narrower than the threads that are to run: mpirun pins a rank to one core,
    /// and a pool of threads inside it would share that core.
    ///
    /// Ranks that fit side by side get cores of their own; others may use all.
    package static func makeRoom(for choice: ThreadChoice, localRank: Int) {
        guard affinity().count < choice.threads else { return }
        let configured = Int(sysconf(Int32(_SC_NPROCESSORS_CONF)))
        guard setAffinity(Array(0..<configured)) else { return }
        // The kernel leaves out what is offline or forbidden: ask what is left.
        let all = affinity()
        let start = localRank * choice.threads
        if all.count >= choice.localRanks * choice.threads {
            setAffinity(Array(all[start..<start + choice.threads]))
        }
    }
}
