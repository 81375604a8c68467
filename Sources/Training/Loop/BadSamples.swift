import Checkpoints
import Collectives
import Datasets
import Files
import Runs
import Terminal

/// The samples that could not be read, which all ranks leave out of their batches alike.
///
/// All ranks have this list and count together; rank 0 knows which samples they are and keeps the file.
struct BadSamples {
    /// The most bad samples with which a run continues.
    let limit: Int
    /// Whether a single bad sample ends the run.
    let isStrict: Bool
    /// The path of the file, tab-separated values; nil for no file.
    var path: String?
    private let say: (String) -> Void
    /// The lines of the file on rank 0, one a sample, by the sample's split and index.
    private var lines: [String: String] = [:]

    /// The first line of the file.
    private static let head = "split\tindex\tpath\treason\n"

    /// - Parameters:
    ///   - limit: the most bad samples; nil for a thousandth of the samples, and at least 10.
    ///   - isStrict: whether a single bad sample ends the run.
    ///   - say: reports a sample to people, on rank 0.
    init(limit: Int?, samples: Int, isStrict: Bool = false, say: @escaping (String) -> Void) {
        self.limit = limit ?? max(10, samples / 1000)
        self.isStrict = isStrict
        self.say = say
    }

    /// Keeps the file at `path` from now on, beginning with the samples that an earlier part of the run has left there.
    /// For rank 0.
    mutating func keep(at path: String) {
        self.path = path
        guard let bytes = try? readFile(path, limit: 1 << 30) else { return }
        for line in String(pathBytes: bytes).split(separator: "\n").dropFirst() {
            lines[Self.key(of: line)] = line + "\n"
        }
    }

    /// Counts the bad samples of all ranks at one step. Collective.
    ///
    /// - Parameters:
    ///   - own: the samples of this rank, for each of several passes.
    /// - Returns: the number of bad samples of all ranks in each pass.
    /// - Throws: `SharedFailure` where there are more than `limit` by now, or any where none are allowed.
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

    /// Adds samples to the file, and returns the number of all bad samples so far. Only rank 0 is given any.
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

    /// Returns the reason in a line of the file, which names the sample and its error.
    private static func reason(in line: String) -> String {
        let reason = line.split(separator: "\t", omittingEmptySubsequences: false).last ?? ""
        return String(reason.prefix { $0 != "\n" })
    }

    /// Returns the split and the index in a line, by which the file is sorted.
    private static func key(of line: some StringProtocol) -> String {
        let fields = line.split(separator: "\t", maxSplits: 2)
        let index = fields.count > 1 ? String(fields[1]) : ""
        return "\(fields.first ?? "") " + String(repeating: "0", count: max(12 - index.count, 0)) + index
    }
}

extension LoadedBatch {
    /// Returns the batch for all ranks without the bad samples, `counts` of them in each pass.
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
