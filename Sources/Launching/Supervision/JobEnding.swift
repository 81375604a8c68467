import CProcess
import Glibc
import Runs
import Tensors

extension SupervisedJob {
    /// Kills all processes of the job on this host, and returns when they have ended.
    ///
    /// An exiting process loses its environment, by which it would be found, before it closes its files, among them the
    /// run's lock. On a busy machine that takes a while. So a process that was found once counts until its descriptor
    /// reports its end.
    ///
    /// - Parameters:
    ///   - known: processes found before, by the descriptors of their ends, which are closed.
    ///   - seconds: the most seconds to wait.
    /// - Returns: the processes that have not ended by then.
    func end(known: [Int32: JobProcess], within seconds: Double) -> [pid_t] {
        var ends = Dictionary(known.map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        defer { for descriptor in ends.values { close(descriptor) } }
        let deadline = monotonicSeconds() + seconds
        while true {
            let found = processes().map(\.id)
            for id in found where ends[id] == nil {
                let descriptor = process_descriptor(id)
                if descriptor >= 0 { ends[id] = descriptor }
            }
            let ended = Descriptors.ready(among: Array(ends.values), within: 0)
            for (id, descriptor) in ends where ended.contains(descriptor) {
                close(descriptor)
                ends[id] = nil
            }
            let left = Set(found).union(ends.keys)
            if left.isEmpty { return [] }
            for id in left { kill(id, SIGKILL) }
            guard monotonicSeconds() < deadline else { return left.sorted() }
            _ = Descriptors.ready(among: Array(ends.values), within: ends.isEmpty ? 0.005 : 0.05)
        }
    }
}
