import FoundationEssentials

/// A machine of the job.
package struct Host: Hashable, Sendable {
    package let name: String
    /// Ranks that it takes; nil where that is not said.
    package var slots: Int?

    package init(_ name: String, slots: Int? = nil) {
        self.name = name
        self.slots = slots
    }
}

/// The machines that a user names for a job, in the order in which ranks fill them.
package struct HostList: Hashable, Sendable {
    package var hosts: [Host]

    package init(_ hosts: [Host]) {
        self.hosts = hosts
    }

    /// As in `a:4,b:4` or `a,b`.
    ///
    /// - Throws: `LaunchError.hosts`.
    package init(parsing text: String) throws(LaunchError) {
        var hosts: [Host] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let fields = part.split(separator: ":", omittingEmptySubsequences: false)
            guard (1...2).contains(fields.count), !fields[0].isEmpty, !fields[0].contains(where: \.isWhitespace) else {
                throw .hosts(found: text, reason: "'\(part)' is no host")
            }
            var host = Host(String(fields[0]))
            if fields.count == 2 {
                guard let slots = Int(fields[1]), slots > 0 else {
                    throw .hosts(found: text, reason: "'\(fields[1])' is no number of ranks")
                }
                host.slots = slots
            }
            guard !hosts.contains(where: { $0.name == host.name }) else {
                throw .hosts(found: text, reason: "\(host.name) is named twice")
            }
            hosts.append(host)
        }
        self.hosts = hosts
    }

    /// As in Open MPI's hostfiles: `node1 slots=4` a line, `#` before comments.
    ///
    /// - Throws: `LaunchError.hostfile`.
    package init(hostfile path: String) throws(LaunchError) {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw .hostfile(path: path, reason: "it cannot be read")
        }
        var hosts: [Host] = []
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let fields = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard let name = fields.first else { continue }
            let slots = fields.dropFirst().first { $0.hasPrefix("slots=") }?.dropFirst("slots=".count)
            if let slots, Int(slots) ?? 0 < 1 {
                throw .hostfile(path: path, reason: "'slots=\(slots)' is no number of ranks")
            }
            hosts.append(Host(String(name), slots: slots.flatMap { Int($0) }))
        }
        guard !hosts.isEmpty else { throw .hostfile(path: path, reason: "it names no host") }
        self.hosts = hosts
    }

    /// Ranks that all hosts take together; nil where one does not say.
    package var slots: Int? {
        hosts.reduce(0) { sum, host in sum.flatMap { sum in host.slots.map { sum + $0 } } }
    }

    /// The hosts with a number each: those without one share evenly what the others leave of `ranks`, the first ones the more.
    package func sharing(_ ranks: Int) -> HostList {
        let open = hosts.indices.filter { hosts[$0].slots == nil }
        guard !open.isEmpty else { return self }
        let rest = max(ranks - hosts.reduce(0) { $0 + ($1.slots ?? 0) }, open.count)
        var shared = self
        for (place, index) in open.enumerated() {
            shared.hosts[index].slots = rest / open.count + (place < rest % open.count ? 1 : 0)
        }
        return shared
    }
}
