import Files

/// A file of hosts as Open MPI 4.1's mpirun reads it (`orte/util/hostfile`): each line names a host, perhaps with a
/// user, and its number of ranks.
package struct Hostfile: Hashable, Sendable {
    package let hosts: HostList
    /// Whether mpirun can read the file itself. It does not support Windows line ends and byte order marks, and a pipe
    /// is empty after this has read it.
    package private(set) var isReadByLauncher: Bool

    /// - Throws: `LaunchError.hostfile`, which names the line and the word that mpirun would refuse.
    package init(contentsOf path: String) throws(LaunchError) {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try readFile(path, limit: Self.longestFile)
        } catch {
            throw .hostfile(path: path, reason: "it cannot be read (\(error.reason))")
        }
        try self.init(bytes, path: path)
        if fileStatus(path).map({ FileType($0) }) != .regular { isReadByLauncher = false }
    }

    private static let longestFile = 1 << 24

    init(_ bytes: [UInt8], path: String) throws(LaunchError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        isReadByLauncher = content.count == bytes.count && !bytes.contains(UInt8(ascii: "\r"))
        var hosts: [Host] = []
        /// The number of lines so far for each host named without a number of ranks: each such line stands for one
        /// rank.
        var lines: [String: Int] = [:]
        for (index, words) in Self.lines(content).enumerated() where !words.isEmpty {
            let host: Host
            do throws(Refusal) {
                host = try Self.host(words)
            } catch {
                throw .hostfile(path: path, reason: "line \(index + 1): \(error.reason)")
            }
            guard let place = hosts.firstIndex(where: { $0.name == host.name }) else {
                hosts.append(host)
                if host.slots == nil { lines[host.name] = 1 }
                continue
            }
            guard host.slots == nil, let before = lines[host.name] else {
                throw .hostfile(
                    path: path,
                    reason: "line \(index + 1): \(host.name) is there a second time; say once how many ranks it takes")
            }
            lines[host.name] = before + 1
            hosts[place].slots = before + 1
        }
        guard !hosts.isEmpty else { throw .hostfile(path: path, reason: "it names no host") }
        self.hosts = HostList(hosts)
    }
}

extension Hostfile {
    private struct Refusal: Error {
        let reason: String
    }

    private static let slotWords = ["slots", "cpu", "count"]
    private static let limitWords = slotWords.flatMap { word in
        ["-", "_"].flatMap { ["max\($0)\(word)", "\(word)\($0)max"] }
    }
    private static let userWords = ["username", "user-name", "user_name"]

    /// Returns the words of each line without comments (`#`, `//` and `/* */`); an equals sign is a word, with or
    /// without spaces around it.
    private static func lines(_ bytes: ArraySlice<UInt8>) -> [[String]] {
        // Uses scalars, as a Windows line end is a single Character.
        var rest = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        var lines: [[String]] = [[]]
        var word = ""
        func endWord() {
            if !word.isEmpty { lines[lines.count - 1].append(word) }
            word = ""
        }
        func endLine() {
            endWord()
            lines.append([])
        }
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\r":
                if rest.first == "\n" { rest.removeFirst() }
                endLine()
            case "\n":
                endLine()
            case " ", "\t", "\u{b}", "\u{c}":
                endWord()
            case "=":
                endWord()
                word = "="
                endWord()
            case "#":
                rest = rest.drop { $0 != "\r" && $0 != "\n" }
            case "/" where rest.first == "/":
                rest = rest.drop { $0 != "\r" && $0 != "\n" }
            case "/" where rest.first == "*":
                rest.removeFirst()
                endWord()
                while let next = rest.popFirst(), !(next == "*" && rest.first == "/") {
                    if next == "\n" { endLine() }
                }
                _ = rest.popFirst()
            default:
                word.unicodeScalars.append(scalar)
            }
        }
        endWord()
        return lines
    }

    private static func host(_ words: [String]) throws(Refusal) -> Host {
        let parts = words[0].split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last, Host.isName(name), parts.count == 1 || !parts[0].isEmpty else {
            throw Refusal(reason: "'\(words[0])' is no host, a name or an address of IPv4")
        }
        var user = parts.count == 2 ? String(parts[0]) : nil
        var slots: Int?
        var limit: Int?
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            let isKnown = (slotWords + limitWords + userWords).contains(word)
            guard isKnown else { throw Refusal(reason: "'\(word)' is no word of Open MPI's hostfiles") }
            guard rest.popFirst() == "=", let value = rest.popFirst(), value != "=" else {
                throw Refusal(reason: "'\(word)' has no value")
            }
            if userWords.contains(word) {
                user = value
                continue
            }
            guard let number = Host.slots(value) else {
                throw Refusal(reason: "'\(word)=\(value)' is no number of ranks from 1 to \(Host.slotsLimit)")
            }
            if limitWords.contains(word) {
                limit = number
            } else if slots == nil {
                slots = number
            } else {
                throw Refusal(reason: "'\(word)' says a second time how many ranks \(name) takes")
            }
        }
        if let slots, let limit, limit < slots {
            throw Refusal(reason: "\(name) takes \(slots) ranks, but no more than \(limit)")
        }
        return Host(user.map { "\($0)@\(name)" } ?? String(name), slots: slots ?? limit)
    }
}
