/// The command line of a supervised run: the user's words, and the options that its supervisor adds.
package struct SupervisedCommand: Hashable, Sendable {
    /// `train` and its options.
    private let words: [String]
    private let additions: [String]

    /// - Parameters:
    ///   - words: the user's words, with or without `train` before them.
    ///   - additions: options that the user has not given.
    package init(_ words: [String], additions: [String]) {
        self.words = words.first == "train" ? words : ["train"] + words
        self.additions = additions
    }

    /// Returns the words of one start.
    ///
    /// - Parameter goesOn: whether the run resumes from its own saved state, whatever its first start began from.
    package func words(goesOn: Bool) -> [String] {
        let end = words.firstIndex(of: "--") ?? words.endIndex
        // Where an option is given twice, the last one counts.
        let own = goesOn ? Self.withoutSetResume(words[..<end]) : Array(words[..<end])
        return own + additions + (goesOn ? ["--resume=auto"] : []) + words[end...]
    }

    /// Returns the words without `--set resume=…`, which is an error beside `--resume`.
    private static func withoutSetResume(_ words: ArraySlice<String>) -> [String] {
        var rest = words
        var kept: [String] = []
        while let word = rest.popFirst() {
            if word.hasPrefix("--set=resume=") { continue }
            if word == "--set", rest.first?.hasPrefix("resume=") == true {
                rest.removeFirst()
            } else {
                kept.append(word)
            }
        }
        return kept
    }
}
