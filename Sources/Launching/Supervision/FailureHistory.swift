/// An early end of a job.
package struct Failure: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A signal ended a rank.
        case signal(Int32)
        /// An error of the program or of its data.
        case own
        /// A rank timed out while it waited for others.
        case silence
        case hostLost
        /// mpirun ended, and no rank has reported a reason.
        case launcher
    }

    package var kind: Kind
    /// The number of starts of the job so far.
    package var attempt: Int
    /// The newest saved step; nil where there is none.
    package var step: Int?
    /// The exit code of the job, or else of its launcher.
    package var exitCode: Int32
    /// The rank that ended first, and its host; nil where not known.
    package var rank: Int?
    package var host: String?
    /// The reason in words, on one line.
    package var reason: String

    package init(
        _ kind: Kind, attempt: Int, step: Int? = nil, exitCode: Int32, rank: Int? = nil, host: String? = nil,
        reason: String
    ) {
        self.kind = kind
        self.attempt = attempt
        self.step = step
        self.exitCode = exitCode
        self.rank = rank
        self.host = host
        self.reason = reason
    }

    /// The line of this failure in a list of failures.
    package var line: String {
        "start \(attempt), \(step.map { "after step \($0)" } ?? "before any step was saved"): \(reason)"
    }
}

/// The failures of a supervised job so far, which decide whether it starts again.
package struct FailureHistory: Sendable {
    package enum Decision: Hashable, Sendable {
        case startAgain(afterSeconds: Double)
        case giveUp(Cause)
    }

    package enum Cause: Hashable, Sendable {
        /// The program failed by itself before the job took its first step.
        case beforeAnyStep
        /// The program failed by itself at the same step as before.
        case sameStep
        case tooMany(limit: Int)
    }

    package private(set) var failures: [Failure] = []
    private let limit: Int
    /// The newest saved step before the job's first start.
    private let firstStep: Int?
    /// The longest pause before a start, in seconds.
    private static let longestPause = 60.0

    /// - Parameter limit: the most restarts.
    package init(limit: Int, firstStep: Int?) {
        self.limit = limit
        self.firstStep = firstStep
    }

    package mutating func add(_ failure: Failure) -> Decision {
        defer { failures.append(failure) }
        if failure.kind == .own {
            if failure.step == firstStep { return .giveUp(.beforeAnyStep) }
            if failures.contains(where: { $0.kind == .own && $0.step == failure.step }) { return .giveUp(.sameStep) }
        }
        guard failures.count < limit else { return .giveUp(.tooMany(limit: limit)) }
        let repeats = failures.reversed().prefix { $0.step == failure.step }.count
        return .startAgain(
            afterSeconds: repeats == 0 ? 0 : min(Double(1 << min(repeats - 1, 16)), Self.longestPause))
    }

    /// The hosts on which the last failure was the program's own.
    package var suspects: Set<String> {
        guard let last = failures.last, last.kind == .own, let host = last.host else { return [] }
        return [host]
    }
}

extension FailureHistory.Cause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .beforeAnyStep: "the job failed by itself before any step was saved, and would again"
        case .sameStep: "the job failed by itself at the same step again: the fault is the program's or the data's"
        case .tooMany(let limit): "it was started again \(limit) time\(limit == 1 ? "" : "s") (--max-restarts)"
        }
    }
}
