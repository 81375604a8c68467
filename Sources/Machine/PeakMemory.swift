/// The most memory that this process has had at once.
package enum PeakMemory {
    /// The peak of this process's bytes in RAM; nil where the system does not tell.
    package static var bytes: Int? {
        SystemFile.text("/proc/self/status").flatMap { SystemFile.number("VmHWM", in: $0) }.map { $0 << 10 }
    }
}
