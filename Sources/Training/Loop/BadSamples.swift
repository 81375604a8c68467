import Checkpoints
import Collectives
import Datasets
import Files
import Runs
import Terminal

/// Samples that could not be had, which are left out of their batches on all ranks alike.
///
/// All ranks have one, and count together; rank 0 knows which samples they are and keeps the list.
struct BadSamples {
    /// The most that a run goes on with.
    let limit: Int
    /// Whether a single one ends the run.
    let isStrict: Bool
    /// The path of the list, a file of tab-separated values; nil for no list.
    var path: String?
    private let say: (String) -> Void
    /// On rank 0: a line for each, by the sample's split and index.
    private var lines: [String: String] = [:]

    /// The list's first line.
    private static let head = "split\tindex\tpath\treason\n"

    /// - Parameters:
    ///   - limit: nil for a thousandth of the samples, and at least 10.
    ///   - isStrict: whether a single one ends the run.
    ///   - say: what tells people of a sample, on rank 0.
    init(limit: Int?, samples: Int, isStrict: Bool = false, say: @escaping (String) -> Void) {
        self.limit = limit ?? max(10, samples / 1000)
        self.isStrict = isStrict
        self.say = say
    }

    /// Keeps the list at `path` from now on, and takes over what an earlier part of the run has left there. For rank 0.
    mutating func keep(at path: String) {
        self.path = path
        guard let bytes = try? readFile(path, limit: 1 << 30) else { return }
        for line in String(pathBytes: bytes).split(separator: "\n").dropFirst() {
            lines[Self.key(of: line)] = line + "\n"
        }
    }

    /// Counts what ranks have met at one place. Collective.
    ///
    /// - Parameters:
    ///   - own: this rank's, for each of several passes.
    /// - Returns: how many all ranks have met in each pass.
    /// - Throws: `SharedFailure` where there are more than `limit` by now, or any and none are allowed.
    mutating func count(_ own: [[BadSample]], in world: any Communicator) throws -> [Int] {
        let counts = try world.sum(own.map { Double($0.count) }).map { Int($0) }
        guard counts.contains(where: { $0 > 0 }) else { return counts }
        let text = own.joined().map(Self.line).joined()
        let all = try world.gather(Array(text.utf8), to: 0)
        let found = all.flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n").map { "\($0)\n" } }
        let total = try together(world) { try note(found) }
        let met = try world.broadcast(total)
        guard !isStrict else { throw SharedFailure(try world.broadcast(first(of: found))) }
        guard met <= limit else { throw SharedFailure(try world.broadcast(excess(met))) }
        return counts
    }

    /// Only on rank 0 there is anything to note.
    private mutating func note(_ found: [String]) throws -> Int {
        let before = lines.count
        for line in found {
            let key = Self.key(of: line)
            guard lines[key] == nil else { continue }
            lines[key] = line
            say("left out: " + Self.reason(in: line))
        }
        if lines.count > before, let path {
            let sorted = lines.sorted { $0.key < $1.key }.map(\.value)
            try RunError.writing(path) {
                // Paths may have bytes that are not UTF-8.
                try writeFile((Self.head + sorted.joined()).pathBytes.span.bytes, to: path)
            }
        }
        return lines.count
    }

    private func first(of found: [String]) -> String {
        let line = found.min { Self.key(of: $0) < Self.key(of: $1) } ?? ""
        return
            "\(Self.reason(in: line)) With --strict the first damaged sample ends the run: mend it, take it away, "
            + "or leave --strict out"
    }

    private func excess(_ met: Int) -> String {
        let first = lines.min { $0.key < $1.key }?.value ?? ""
        return
            "\(Wording.count(met, "sample")) cannot be read, more than the \(limit) that a run goes on with "
            + "(--max-bad-samples). " + (path.map { "\($0) lists them" } ?? "The first") + ": \(Self.reason(in: first))"
    }

    private static func line(_ sample: BadSample) -> String {
        [sample.split.rawValue, "\(sample.index)", sample.path, sample.reason]
            .map { $0.map { $0.isNewline || $0 == "\t" ? " " : String($0) }.joined() }.joined(separator: "\t") + "\n"
    }

    /// Returns the reason in a line of the list: it names the sample and what is wrong with it.
    private static func reason(in line: String) -> String {
        let reason = line.split(separator: "\t", omittingEmptySubsequences: false).last ?? ""
        return String(reason.prefix { $0 != "\n" })
    }

    /// The split and the index, so that the list is in the order of the samples.
    private static func key(of line: some StringProtocol) -> String {
        let fields = line.split(separator: "\t", maxSplits: 2)
        let index = fields.count > 1 ? String(fields[1]) : ""
        return "\(fields.first ?? "") " + String(repeating: "0", count: max(12 - index.count, 0)) + index
    }
}

extension LoadedBatch {
    /// The batch as all ranks have it when `counts` of its samples, by pass, are left out.
    func without(_ counts: [Int]) -> LoadedBatch {
        let total = counts.reduce(0, +)
        guard total > 0 else { return self }
        var batch = self
        for pass in batch.earlierPasses.indices {
            batch.earlierPasses[pass].globalSamples -= total
            batch.earlierPasses[pass].momentSamples -= counts[pass]
        }
        batch.globalSamples -= total
        batch.momentSamples -= counts[earlierPasses.count]
        return batch
    }

    /// The samples of each pass that were left out on this rank.
    var badByPass: [[BadSample]] { (earlierPasses + [self]).map(\.bad) }
}
