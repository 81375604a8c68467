#if canImport(Glibc)
    internal import Glibc
#endif

/// A thread that the system did not start.
package enum ThreadError: Error, Equatable, Sendable {
    /// The system refused a thread: `name` is its purpose, `limit` the limit that leaves no more.
    case refused(name: String, limit: String)
}

extension ThreadError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let name, let limit):
            "the system refused a thread (for the \(name)): \(limit). Raise that limit, "
                + "or ask for fewer --threads or ranks"
        }
    }
}

/// Threads of this process.
package enum SystemThread {
    /// Addresses that the system reserves for a thread's stack.
    package static var stackBytes: Int { softLimit(RLIMIT_STACK) ?? 2 << 20 }

    /// Starts a thread that is never joined.
    ///
    /// - Parameters:
    ///   - name: its purpose; tools show its first 15 bytes.
    ///   - body: all of its work.
    /// - Throws: `ThreadError.refused`, with the limit that has been reached.
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        let status = create(Unmanaged.passRetained(Work(name: name, body: body)))
        if status != 0 { throw .refused(name: name, limit: limit(status)) }
    }

    /// - Returns: 0, or the system's number for why it does not.
    private static func create(_ work: Unmanaged<Work>) -> Int32 {
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                let work = Unmanaged<Work>.fromOpaque(raw).takeRetainedValue()
                SystemThread.nameThisThread(work.name)
                work.body()
                return nil
            }, work.toOpaque())
        if status == 0 { pthread_detach(thread) } else { work.release() }
        return status
    }

    /// Names the calling thread. glibc declares its function for it for _GNU_SOURCE only.
    fileprivate static func nameThisThread(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = Array(name.utf8).withUnsafeBytes { bytes in write(file, bytes.baseAddress, bytes.count) }
        close(file)
    }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Checks that `count` more threads can be started, by starting them for a moment: libraries that start threads do
    /// not report which limit refused them.
    package static func require(_ count: Int, for name: String) throws(ThreadError) {
        let gate = Gate()
        defer { gate.open() }
        for _ in 0..<count { try start(name) { gate.wait() } }
    }

    /// A gate at which threads wait until it is opened for all.
    private final class Gate: @unchecked Sendable {
        private let lock: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)

        init() {
            pthread_mutex_init(lock, nil)
            pthread_mutex_lock(lock)
        }

        deinit {
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }

        func open() { pthread_mutex_unlock(lock) }

        func wait() {
            pthread_mutex_lock(lock)
            pthread_mutex_unlock(lock)
        }
    }

    /// Returns the limit behind the system's error `status`, in words.
    private static func limit(_ status: Int32) -> String {
        if let group = ControlGroups().processes.first(where: { $0.used >= $0.limit }) {
            return "\(group.path) is \(group.limit), and so many processes and threads are running"
        }
        if let shortage = MemoryCapacity.here.shortage(of: stackBytes.saturatingSum(1 << 20)) {
            return "\(ByteCount(shortage.available)) of memory are left for its stack (\(shortage.limit))"
        }
        if let most = softLimit(__RLIMIT_NPROC) {
            return "`ulimit -u` lets this user have \(most) processes and threads"
        }
        return "error \(status); see the limits kernel.threads-max and kernel.pid_max"
    }
}
