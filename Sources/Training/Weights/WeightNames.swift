import Tensors
import Terminal

/// The names of another program's tensors, turned into those that a network of ours has.
///
/// Ours are torchvision's. Two things are put right: names that its published DenseNets still have, and what a wrapper
/// has set before all names of a network, such as `module.`.
struct WeightNames {
    /// The prefix that was taken off names; empty where nothing was.
    let prefix: String
    /// The number of names that were those of torchvision's published DenseNets.
    let renamed: Int
    /// By the file's name, the network's, where it is another.
    private let others: [ExactName: String]

    /// - Parameters:
    ///   - found: the file's names.
    ///   - wanted: the network's.
    init(_ found: [String], for wanted: [String]) {
        let today = found.map { Self.today($0) ?? $0 }
        prefix = Self.commonPrefix(today, Set(wanted.map { ExactName($0) }))
        let cut = prefix.utf8.count
        var taken = Set(found.map { ExactName($0) })
        var others: [ExactName: String] = [:]
        var renamed = 0
        for (name, today) in zip(found, today) {
            let hasPrefix = cut > 0 && today.utf8.starts(with: prefix.utf8)
            let other = hasPrefix ? String(Substring(today.utf8.dropFirst(cut))) : today
            // Two tensors must not become one.
            guard ExactName(other) != ExactName(name), taken.insert(ExactName(other)).inserted else { continue }
            others[ExactName(name)] = other
            if ExactName(today) != ExactName(name) { renamed += 1 }
        }
        self.renamed = renamed
        self.others = others
    }

    /// Returns the network's name for the tensor that the file calls `name`.
    subscript(name: String) -> String { others[ExactName(name)] ?? name }

    /// Notes on changes of names, one a line for people.
    var notes: [String] {
        var notes: [String] = []
        if !prefix.isEmpty { notes.append("\(prefix) is taken off the names of its tensors") }
        if renamed > 0 {
            notes.append("\(Wording.count(renamed, "name")) like denselayer1.norm.1 read as denselayer1.norm1")
        }
        return notes
    }

    /// Returns the prefix that stands before names of the network in more of the file's than any other, the empty one
    /// included; it ends with a dot. It counts where it makes something of half of the file, or gives half of the
    /// network.
    private static func commonPrefix(_ found: [String], _ wanted: Set<ExactName>) -> String {
        var counts: [ExactName: Int] = [:]
        for name in found {
            let bytes = name.utf8
            var rest = bytes[...]
            for _ in 0...mostWrappers {
                if wanted.contains(ExactName(Substring(rest))) {
                    counts[ExactName(Substring(bytes[..<rest.startIndex])), default: 0] += 1
                }
                guard let dot = rest.firstIndex(of: UInt8(ascii: ".")) else { break }
                rest = rest[rest.index(after: dot)...]
            }
        }
        guard let most = counts.values.max(), 2 * most >= min(found.count, wanted.count) else { return "" }
        // Where two networks are in the file, which one is meant is not for us to say.
        let best = counts.filter { $0.value == most }.keys
        return best.count == 1 ? best.first?.text ?? "" : ""
    }

    /// Parts of names that are looked at as wrappers: a name of a file may be long.
    private static let mostWrappers = 8

    /// Today's name for one of torchvision's published DenseNets: `denselayer1.norm.1.weight` is what
    /// `denselayer1.norm1.weight` was called before names of modules could no longer have dots. nil for all others.
    /// (torchvision, models/densenet.py, `_load_state_dict`.)
    private static func today(_ name: String) -> String? {
        guard name.utf8.count <= 512,
            let match = name.wholeMatch(of: /(.*denselayer[0-9]+\.(?:norm|relu|conv))\.([12])\.(.*)/)
        else { return nil }
        return "\(match.1)\(match.2).\(match.3)"
    }
}
