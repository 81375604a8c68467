import Tensors
import Terminal

/// A map from the names of another program's tensors to those of the network.
///
/// The network's names are torchvision's. Two differences are resolved: older names in torchvision's published
/// DenseNets, and a prefix such as `module.` that a wrapper puts before all names of a network.
struct WeightNames {
    /// The prefix that was removed from names; empty where there was none.
    let prefix: String
    /// The number of names in the form of torchvision's published DenseNets.
    let renamed: Int
    /// The network's names by those of the file, where they differ.
    private let others: [ExactName: String]

    /// - Parameters:
    ///   - found: the file's names.
    ///   - wanted: the network's names.
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
            // Two tensors must not get the same name.
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

    /// Returns the prefix, perhaps empty, that precedes names of the network in more of the file's names than any
    /// other. It ends with a dot. It counts only where it covers half of the file's names, or half of the network's.
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
        // Where a file has two networks, the right one is not known.
        let best = counts.filter { $0.value == most }.keys
        return best.count == 1 ? best.first?.text ?? "" : ""
    }

    /// The most leading parts of a name that are tried as a wrapper's prefix, as a file's names may be long.
    private static let mostWrappers = 8

    /// Returns the current name for one of torchvision's published DenseNets; nil for all others.
    /// `denselayer1.norm.1.weight` is the old name of `denselayer1.norm1.weight`, from before dots were forbidden in
    /// names of modules. (torchvision, models/densenet.py, `_load_state_dict`.)
    private static func today(_ name: String) -> String? {
        guard name.utf8.count <= 512,
            let match = name.wholeMatch(of: /(.*denselayer[0-9]+\.(?:norm|relu|conv))\.([12])\.(.*)/)
        else { return nil }
        return "\(match.1)\(match.2).\(match.3)"
    }
}
