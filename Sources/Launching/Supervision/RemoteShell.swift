import Files

/// The command that reaches another host: ssh, as Open MPI uses it, unless the user sets another.
package struct RemoteShell: Hashable, Sendable {
    private let words: [String]

    /// - Parameters:
    ///   - agent: the user's `OMPI_MCA_plm_rsh_agent`, of whose commands the first counts.
    ///   - arguments: the user's `OMPI_MCA_plm_rsh_args`.
    package init(agent: String?, arguments: String?) {
        let first = agent?.split(separator: ":").first.map(String.init) ?? ""
        var words = first.split(whereSeparator: \.isWhitespace).map(String.init)
        if words.isEmpty { words = ["ssh"] }
        words += arguments?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
        // No user is there to answer questions, and a host that does not respond is not waited for.
        if splitPath(words[0]).name == "ssh" { words += ["-o", "BatchMode=yes", "-o", "ConnectTimeout=3"] }
        self.words = words
    }

    /// Returns the call that runs a command on a host.
    ///
    /// - Parameters:
    ///   - host: a name, or a user and a name.
    ///   - variables: added to the login's environment for the command.
    package func call(host: String, _ command: [String], variables: [(name: String, value: String)] = []) -> [String] {
        let settings = variables.isEmpty ? [] : ["env"] + variables.map { "\($0.name)=\($0.value)" }
        return words + [host, (settings + command).map(shellWord).joined(separator: " ")]
    }
}
