/// The exit status of a job that did not reach its end.
package enum ExitStatus {
    /// An error; standard error says which, and on which rank.
    package static let failure: Int32 = 1
    /// The ranks' parameters differ. (sysexits.h: an internal error.)
    package static let replicasDiffer: Int32 = 70
    /// Ranks waited for others for longer than is allowed. (sysexits.h: the other side broke the protocol.)
    package static let collectiveTimeout: Int32 = 76
}

/// An error with an exit status of its own.
package protocol ErrorWithStatus: Error {
    var exitStatus: Int32 { get }
}

extension Error {
    /// The program's exit status because of this error.
    package var status: Int32 { (self as? any ErrorWithStatus)?.exitStatus ?? ExitStatus.failure }
}
