/// The candidate that takes the fewest edits to become `word`, the earliest of several; nil without candidates.
package func nearestSpelling(to word: String, among candidates: [String]) -> String? {
    candidates.min { editDistance(word, $0) < editDistance(word, $1) }
}

/// How many characters must be inserted, deleted or replaced to turn `a` into `b`. (Levenshtein, 1966.)
///
/// - Complexity: O(a.count * b.count)
func editDistance(_ a: String, _ b: String) -> Int {
    let target = Array(b)
    var row = Array(0...target.count)
    for (i, character) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for j in target.indices {
            let replaced = diagonal + (character == target[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, min(row[j], row[j + 1]) + 1)
        }
    }
    return row[target.count]
}
