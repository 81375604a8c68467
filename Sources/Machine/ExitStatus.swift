/// The exit status of a process or a job that did not reach its end.
package enum ExitStatus {
    /// Any other error; standard error names it and its rank.
    package static let failure: Int32 = 1
    /// The ranks' parameters differ. (sysexits.h: an internal error.)
    package static let replicasDiffer: Int32 = 70
    /// The run has saved its state on request and is to be gone on with later. (sysexits.h: EX_TEMPFAIL)
    package static let preempted: Int32 = 75
    /// Ranks waited for others longer than allowed. (sysexits.h: the other side broke the protocol.)
    package static let collectiveTimeout: Int32 = 76
}

/// An error with an exit status of its own.
package protocol ErrorWithStatus: Error {
    var exitStatus: Int32 { get }
}

extension Error {
    /// The exit status of the program that this error ends.
    package var status: Int32 { (self as? any ErrorWithStatus)?.exitStatus ?? ExitStatus.failure }
}
