/// The findings of all checks on one machine, and on other machines that were asked from there. Machines send it to
/// each other as JSON.
package struct FitnessReport: Codable, Hashable, Sendable {
    /// The version of the program, with its name.
    package let version: String
    /// The machine's host name, as the kernel gives it.
    package let host: String
    /// Seconds since 1970 on this machine's clock when the checks began.
    package let unixTime: Double
    package var findings: [Finding]

    package init(version: String, host: String, unixTime: Double, findings: [Finding]) {
        self.version = version
        self.host = host
        self.unixTime = unixTime
        self.findings = findings
    }

    enum CodingKeys: String, CodingKey {
        case version, host, findings
        case unixTime = "unix_time"
    }

    /// Whether a run would start.
    package var isFit: Bool { count(.problem) == 0 }

    package func count(_ verdict: Finding.Verdict) -> Int { findings.count { $0.verdict == verdict } }
}
