/// A machine of the job.
package struct Host: Hashable, Sendable {
    /// The name or address of the machine: `node1`, or `me@node1` where a hostfile gives a user.
    package let name: String
    /// The number of ranks that the machine takes; nil where the user gives none.
    package var slots: Int?

    package init(_ name: String, slots: Int? = nil) {
        self.name = name
        self.slots = slots
    }

    /// The most ranks of one machine.
    static let slotsLimit = 1_000_000

    /// Returns whether Open MPI accepts a text as a machine's name or address: ASCII letters, digits, dots and hyphens.
    /// Open MPI does not support IPv6 addresses here.
    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: ".") else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    /// Returns the number of ranks in a text; nil where it is none from 1 to `slotsLimit`.
    static func slots(_ text: some StringProtocol) -> Int? {
        guard let slots = Int(text), 1...slotsLimit ~= slots else { return nil }
        return slots
    }
}

/// The machines that a user names for a job, in the order in which ranks fill them.
package struct HostList: Hashable, Sendable {
    package var hosts: [Host]

    package init(_ hosts: [Host]) {
        self.hosts = hosts
    }

    /// Reads a list of hosts such as `a:4,b:4` or `a,b`.
    ///
    /// - Throws: `LaunchError.hosts`.
    package init(parsing text: String) throws(LaunchError) {
        var hosts: [Host] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = part.trimmingSpaces
            let fields = part.split(separator: ":", omittingEmptySubsequences: false)
            guard !part.contains("@") else {
                throw .hosts(found: text, reason: "'\(part)' names a user, which only a hostfile can")
            }
            guard (1...2).contains(fields.count), Host.isName(fields[0]) else {
                throw .hosts(found: text, reason: "'\(part)' is no host, a name or an address of IPv4")
            }
            var host = Host(String(fields[0]))
            if fields.count == 2 {
                guard let slots = Host.slots(fields[1]) else {
                    throw .hosts(
                        found: text, reason: "'\(fields[1])' is no number of ranks from 1 to \(Host.slotsLimit)")
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

    /// The number of ranks that all hosts take together; nil where a host gives none.
    package var slots: Int? {
        hosts.reduce(0) { sum, host in sum.flatMap { sum in host.slots.map { Self.sum(sum, $0) } } }
    }

    /// Returns the sum, or the largest integer where the sum overflows.
    private static func sum(_ a: Int, _ b: Int) -> Int {
        let (sum, overflows) = a.addingReportingOverflow(b)
        return overflows ? .max : sum
    }

    /// Returns the hosts with a number each. Hosts without one share evenly the ranks of `ranks` that the others leave;
    /// where these do not divide evenly, the first ones get one more.
    package func sharing(_ ranks: Int) -> HostList {
        let open = hosts.indices.filter { hosts[$0].slots == nil }
        guard !open.isEmpty else { return self }
        let rest = max(ranks - hosts.reduce(0) { Self.sum($0, $1.slots ?? 0) }, open.count)
        var shared = self
        for (place, index) in open.enumerated() {
            shared.hosts[index].slots = rest / open.count + (place < rest % open.count ? 1 : 0)
        }
        return shared
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let start = drop(while: \.isWhitespace)
        return start[..<(start.lastIndex { !$0.isWhitespace }.map(start.index(after:)) ?? start.startIndex)]
    }
}
