import Machine

/// The result of one check: a verdict with its reasons.
package struct Finding: Codable, Hashable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case ok
        /// A run starts, and may be slow or fail later.
        case warning
        /// A run would fail.
        case problem
    }

    /// The name of the thing that was checked: `memory`.
    package var check: String
    package let verdict: Verdict
    package let found: String
    /// The state that a run needs; nil where that was found.
    package let needed: String?
    /// The advice to the user; nil where nothing needs to be done.
    package let remedy: String?

    package static func ok(_ check: String, _ found: String) -> Finding {
        Finding(check: check, verdict: .ok, found: found, needed: nil, remedy: nil)
    }

    package static func warning(_ check: String, _ found: String, needed: String, remedy: String) -> Finding {
        Finding(check: check, verdict: .warning, found: found, needed: needed, remedy: remedy)
    }

    package static func problem(_ check: String, _ found: String, needed: String, remedy: String) -> Finding {
        Finding(check: check, verdict: .problem, found: found, needed: needed, remedy: remedy)
    }

    /// The texts in one line, without the verdict and the name.
    package var words: String {
        found + (needed.map { "; needed: \($0)" } ?? "") + (remedy.map { ". \($0)" } ?? "")
    }
}

extension Finding {
    /// Returns the finding about a number of bytes: ok from `enough` on, a problem below `least`, else a warning.
    static func ofBytes(
        _ check: String, _ bytes: Int, least: Int, enough: Int, of what: (String) -> String, for purpose: String,
        remedy: String
    ) -> Finding {
        let found = what("\(ByteCount(bytes))")
        if bytes >= enough { return .ok(check, found) }
        if bytes >= least {
            return .warning(check, found, needed: "\(ByteCount(enough)) \(purpose)", remedy: remedy)
        }
        return .problem(check, found, needed: "at least \(ByteCount(least)) \(purpose)", remedy: remedy)
    }
}
