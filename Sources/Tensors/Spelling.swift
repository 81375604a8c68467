/// Guesses the name that a misspelt one was meant to be.
package enum Spelling {
    /// Returns the first candidate that `name` is a part of, or else the one with the fewest edits from it, the first
    /// of several; nil where all differ in more than half of their letters.
    package static func nearest(to name: String, among candidates: [String]) -> String? {
        let name = name.lowercased()
        // Two letters are a part of too much.
        if name.count > 2, let whole = candidates.first(where: { $0.lowercased().contains(name) }) { return whole }
        let ranked = candidates.map { (candidate: $0, edits: edits(from: name, to: $0.lowercased())) }
        guard let best = ranked.min(by: { $0.edits < $1.edits }) else { return nil }
        return best.edits * 2 <= max(name.count, best.candidate.count) ? best.candidate : nil
    }

    /// Returns the number of letters to insert, delete or replace. (Levenshtein, 1966.)
    ///
    /// - Complexity: O(a.count * b.count).
    static func edits(from a: String, to b: String) -> Int {
        let b = Array(b)
        var previous = Array(0...b.count)
        for (row, letter) in a.enumerated() {
            var current = [row + 1]
            for column in b.indices {
                let replaced = previous[column] + (letter == b[column] ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[b.count]
    }
}
