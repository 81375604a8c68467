import Files

/// The way to start a command on another host: by ssh, as Open MPI does it, unless the user says otherwise.
package struct RemoteShell: Hashable, Sendable {
    private let words: [String]

    /// - Parameters:
    ///   - agent: the user's `OMPI_MCA_plm_rsh_agent`; the first of several counts.
    ///   - arguments: the user's `OMPI_MCA_plm_rsh_args`.
    package init(agent: String?, arguments: String?) {
        let first = agent?.split(separator: ":").first.map(String.init) ?? ""
        var words = first.split(whereSeparator: \.isWhitespace).map(String.init)
        if words.isEmpty { words = ["ssh"] }
        words += arguments?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
        // Nobody is there to answer questions, and a host that is not there is not waited for.
        if splitPath(words[0]).name == "ssh" { words += ["-o", "BatchMode=yes", "-o", "ConnectTimeout=3"] }
        self.words = words
    }

    /// - Parameters:
    ///   - host: a name, or a user and a name.
    ///   - variables: those that the command's environment has besides the login's.
    package func call(host: String, _ command: [String], variables: [(name: String, value: String)] = []) -> [String] {
        let settings = variables.isEmpty ? [] : ["env"] + variables.map { "\($0.name)=\($0.value)" }
        return words + [host, (settings + command).map(shellWord).joined(separator: " ")]
    }
}
