/// A reader of Prometheus' text format 0.0.4 as its page describes it
/// (prometheus.io/docs/instrumenting/exposition_formats), which refuses what that does not allow.
struct ExpositionParser {
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Failure: Error {
        let line: String
        let reason: String
    }

    private(set) var samples: [Sample] = []
    private(set) var types: [String: String] = [:]
    private(set) var helps: [String: String] = [:]

    init(_ text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else {
            throw Failure(line: text, reason: "the last line is not ended")
        }
        var finished: Set<String> = []
        var current: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            let name = try line.hasPrefix("#") ? readComment(String(line)) : readSample(String(line))
            guard let name, name != current else { continue }
            guard finished.insert(name).inserted else {
                throw Failure(line: String(line), reason: "lines of a metric are not together")
            }
            current = name
        }
    }

    /// - Returns: the metric that it is of; nil for a comment that says nothing to programs.
    private mutating func readComment(_ line: String) throws -> String? {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true).map(String.init)
        guard words.count > 1, words[0] == "#", ["HELP", "TYPE"].contains(words[1]) else { return nil }
        guard words.count == 4, Self.isName(words[2], colons: true) else {
            throw Failure(line: line, reason: "expected # HELP name text or # TYPE name type")
        }
        if words[1] == "HELP" {
            guard helps.updateValue(words[3], forKey: words[2]) == nil else {
                throw Failure(line: line, reason: "a second HELP")
            }
        } else {
            guard ["counter", "gauge", "histogram", "summary", "untyped"].contains(words[3]),
                types.updateValue(words[3], forKey: words[2]) == nil, !samples.contains(where: { $0.name == words[2] })
            else { throw Failure(line: line, reason: "an unknown or second TYPE, or one behind samples") }
        }
        return words[2]
    }

    private mutating func readSample(_ line: String) throws -> String {
        var rest = line[...]
        let name = String(rest.prefix { Self.isNameCharacter($0, colons: true) })
        guard Self.isName(name, colons: true) else { throw Failure(line: line, reason: "no name") }
        rest = rest.dropFirst(name.count)
        let labels = rest.first == "{" ? try readLabels(&rest, line: line) : [:]
        let words = rest.split { $0 == " " || $0 == "\t" }
        guard (1...2).contains(words.count), let value = Self.number(String(words[0])),
            words.count == 1 || Int64(words[1]) != nil
        else { throw Failure(line: line, reason: "expected a value and perhaps a timestamp") }
        let sample = Sample(name: name, labels: labels, value: value)
        guard !samples.contains(where: { $0.name == name && $0.labels == labels }) else {
            throw Failure(line: line, reason: "a second sample with these labels")
        }
        samples.append(sample)
        return name
    }

    private func readLabels(_ rest: inout Substring, line: String) throws -> [String: String] {
        var labels: [String: String] = [:]
        rest = rest.dropFirst()
        while rest.first != "}" {
            let name = String(rest.prefix { Self.isNameCharacter($0, colons: false) })
            rest = rest.dropFirst(name.count)
            guard Self.isName(name, colons: false), !name.hasPrefix("__"), rest.hasPrefix("=\"") else {
                throw Failure(line: line, reason: "expected name=\"value\"")
            }
            rest = rest.dropFirst(2)
            labels[name] = try readValue(&rest, line: line)
            if rest.first == "," {
                rest = rest.dropFirst()
            } else if rest.first != "}" {
                throw Failure(line: line, reason: "expected , or }")
            }
        }
        rest = rest.dropFirst()
        return labels
    }

    private func readValue(_ rest: inout Substring, line: String) throws -> String {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                switch rest.popFirst() {
                case "\\": value += "\\"
                case "\"": value += "\""
                case "n": value += "\n"
                default: throw Failure(line: line, reason: "an unknown escape")
                }
            default: value.append(character)
            }
        }
        throw Failure(line: line, reason: "a value that does not end")
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "NaN": .nan
        case "+Inf": .infinity
        case "-Inf": -.infinity
        default: text.allSatisfy { "0123456789+-.eE".contains($0) } ? Double(text) : nil
        }
    }

    private static func isNameCharacter(_ character: Character, colons: Bool) -> Bool {
        character.isASCII
            && (character.isLetter || character.isNumber || character == "_" || (colons && character == ":"))
    }

    private static func isName(_ text: String, colons: Bool) -> Bool {
        text.first.map { !$0.isNumber } ?? false && text.allSatisfy { isNameCharacter($0, colons: colons) }
    }
}
