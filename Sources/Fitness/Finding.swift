import Machine

/// What one check has found.
package struct Finding: Codable, Hashable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case ok
        /// A run starts, and may be slow or fail later.
        case warning
        /// A run would fail.
        case problem
    }

    /// What was looked at: `memory`.
    package var check: String
    package let verdict: Verdict
    package let found: String
    /// What there should be, where that is not what was found.
    package let needed: String?
    /// What to do about it.
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

    /// All in one line, but for the verdict and the name.
    package var words: String {
        found + (needed.map { "; needed: \($0)" } ?? "") + (remedy.map { ". \($0)" } ?? "")
    }
}

extension Finding {
    /// What is found of a number of bytes: ok from `enough` on, a problem below `least`.
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
