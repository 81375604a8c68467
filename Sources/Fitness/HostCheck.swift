import Foundation
package import Launching
import Terminal

/// Whether other machines can be reached without a password, have the same program, and are fit themselves.
package struct HostCheck: Sendable {
    /// The version of this machine's program.
    let version: String
    /// The program's path on this machine, at which it is run on the other machines too.
    let program: String

    package init(version: String, program: String) {
        self.version = version
        self.program = program
    }

    /// The seconds by which clocks may differ, and the seconds that a host may take to answer.
    static let tolerance = 2.0
    private static let patience = 120.0

    /// Returns the findings in a host's answer.
    ///
    /// - Parameters:
    ///   - ending: the remote shell's ending.
    ///   - output, errors: the contents of its streams.
    ///   - asked: the times of its start and its end, on this machine's clock, in seconds since 1970.
    func findings(
        of host: String, _ ending: ProgramRun.Ending?, output: String, errors: String, asked: ClosedRange<Double>
    ) -> [Finding] {
        // A login shell may print lines before the answer.
        let lines = output.split(whereSeparator: \.isNewline)
        let json = lines.last { $0.hasPrefix("{") }.map { Data($0.utf8) }
        guard let report = json.flatMap({ try? JSONDecoder().decode(FitnessReport.self, from: $0) }) else {
            return [refusal(host, ending, errors)]
        }
        guard report.version == version else {
            return [
                .problem(
                    host, "it has \(report.version.visible)", needed: version,
                    remedy: "Install the same version everywhere")
            ]
        }
        let others = report.findings.filter { $0.verdict != .ok }.map { finding in
            var finding = finding
            finding.check = "\(host) \(finding.check)"
            return finding
        }
        let fine = report.count(.ok)
        let all = report.findings.count
        return [.ok(host, "ssh lets in, \(version) is there, \(fine) of \(all) checks are fine there")]
            + [clock(host, report.unixTime, asked: asked)].compactMap(\.self) + others
    }

    /// Returns a finding about a clock with a time outside the interval in which it was asked for; nil where the clock
    /// may be right.
    private func clock(_ host: String, _ time: Double, asked: ClosedRange<Double>) -> Finding? {
        let ahead = time > asked.upperBound ? time - asked.upperBound : min(time - asked.lowerBound, 0)
        guard abs(ahead) > Self.tolerance else { return nil }
        let seconds = String(format: "%.0f", abs(ahead))
        return .warning(
            "\(host) clock", "it is \(seconds) s \(ahead > 0 ? "ahead of" : "behind") this machine's",
            needed: "\(Int(Self.tolerance)) s at most, so that files and logs are in order",
            remedy: "Set it by the network: `apt install chrony`, or `timedatectl set-ntp true`")
    }

    /// Returns the problem, and its reason, of a host without a valid answer.
    private func refusal(_ host: String, _ ending: ProgramRun.Ending?, _ errors: String) -> Finding {
        let last = errors.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
        let words = last.map { ": \(String($0).visible)" } ?? ""
        switch ending {
        // ssh's own.
        case .code(255):
            return .problem(
                host, "ssh does not get in\(words)", needed: "a login without a password",
                remedy: "Try `ssh \(host) true`; `ssh-copy-id \(host)` brings a key there")
        case .code(126), .code(127):
            return .problem(
                host, "there is no \(program.visible) that it can run\(words)", needed: version,
                remedy: "Install the same version there, under the same path")
        case .code(let code):
            return .problem(
                host, "its answer is none of this program (exit code \(code))\(words)", needed: version,
                remedy: "Install the same version there, under the same path")
        case .signal(let number):
            return .problem(
                host, "signal \(number) ended the remote shell", needed: "an answer", remedy: "Try `ssh \(host) true`")
        case .timeout, nil:
            return .problem(
                host, "it does not answer in time\(words)", needed: "an answer", remedy: "Try `ssh \(host) true`")
        }
    }

    /// Asks all hosts at once.
    ///
    /// - Parameters:
    ///   - arguments: those of the check that each host makes of itself.
    ///   - variables: additions to its environment.
    /// - Returns: the findings, and the hosts that answered.
    package func findings(
        of hosts: [Launching.Host], by shell: RemoteShell, arguments: [String],
        variables: [(name: String, value: String)]
    ) -> (findings: [Finding], answering: [Launching.Host]) {
        let begun = Date().timeIntervalSince1970
        var runs: [(host: Launching.Host, run: ProgramRun)] = []
        var findings: [Finding] = []
        for host in hosts {
            do {
                let call = shell.call(host: host.name, [program] + arguments, variables: variables)
                runs.append((host, try ProgramRun(call)))
            } catch {
                findings.append(
                    .problem(
                        host.name, "\(error)", needed: "a remote shell", remedy: "Install it (apt: openssh-client)"))
            }
        }
        ProgramRun.wait(for: runs.map(\.run), seconds: Self.patience)
        var answering: [Launching.Host] = []
        for (host, run) in runs {
            let found = self.findings(
                of: host.name, run.ending, output: run.output, errors: run.errors,
                asked: begun...(begun + run.seconds + 1e-3))
            if found.first?.verdict == .ok { answering.append(host) }
            findings += found
        }
        return (findings, answering)
    }
}
