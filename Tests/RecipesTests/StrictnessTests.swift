import Foundation
import Recipes
import TestRandom
import Testing

@Suite("YAML") struct StrictnessTests {
    @Test(
        "numbers in YAML's decimal forms are read",
        arguments: [("1e-3", 1e-3), (".1", 0.1), ("1.", 1), ("+.5e+1", 5), ("5E-1", 0.5), ("00.5", 0.5)])
    func decimals(text: String, value: Double) throws {
        #expect(try file("lr: \(text)").learningRate == value)
        #expect(try file("lr_multipliers: {a: \(text)}").rateMultipliers == ["a": value])
    }

    @Test(
        "other forms of numbers are one error with file, line and the expected form",
        arguments: [
            "0x10", "0x1p-3", "inf", ".inf", "nan", ".NaN", "1_000", "1e", "--1", "1,5", "٣", "1 000", "1e-3s", "'0.1'",
            "\"0.1\"",
        ])
    func otherNumbers(text: String) {
        let text = message { _ = try file("model: lenet\nlr: \(text)") }
        #expect(text.hasPrefix("r.yaml:2: lr is ") && text.hasSuffix("; expected a number above 0, or auto"), "\(text)")
    }

    @Test("a number that overflows or vanishes is out of range", arguments: ["1e999", "-1e999", "1e-999"])
    func extremes(text: String) {
        let text = message {
            _ = try Recipe.resolve(file: file("model: lenet\nlr: \(text)"), flags: RecipeOverrides())
        }
        #expect(text.hasPrefix("r.yaml:2: lr is ") && text.hasSuffix("; expected a number above 0, or auto"), "\(text)")
    }

    @Test("whole numbers are written whole", arguments: ["1e3", "5.0", "0x10", "9223372036854775808", "1_000", "0b1"])
    func integers(text: String) {
        #expect(message { _ = try file("epochs: \(text)") }.hasPrefix("r.yaml:1: epochs is \(text); expected a whole"))
    }

    @Test(
        "line ends of every system count as one, and a byte order mark at the beginning does not matter",
        arguments: ["\n", "\r\n", "\r"], ["", "\u{FEFF}"])
    func lineEnds(end: String, mark: String) throws {
        let lines = ["model: lenet", "# a comment", "", "lr: 1e-3", "freeze:", "  - a", "  - b", ""]
        let recipe = try file(mark + lines.joined(separator: end))
        #expect(recipe.model == "lenet" && recipe.learningRate == 1e-3 && recipe.freeze == ["a", "b"])
        let wrong = message { _ = try file(mark + (lines + ["epoch: 1"]).joined(separator: end)) }
        #expect(wrong.hasPrefix("r.yaml:9: there is no key epoch; did you mean epochs?"), "\(wrong)")
    }

    @Test(
        "a repeated key is an error with its line, in any spelling and at any depth",
        arguments: [
            ("lr: 1\nmodel: a\nlr: 2", 1, "lr"), ("model: a\nlr: 1\n\"lr\": 1", 2, "lr"), ("{lr: 1, 'lr': 2}", 1, "lr"),
            ("model: a\nlr_multipliers: {a: 1, b: 2, a: 3}", 2, "a"),
            ("model: a\nmodel_options:\n  1: x\n  '1': y", 3, "1"),
        ])
    func duplicates(yaml: String, line: Int, key: String) {
        let text = message { _ = try file(yaml) }
        #expect(text.hasPrefix("r.yaml:\(line): \(key) stands ") && text.contains("expected once"), "\(text)")
    }

    @Test("an alias stands for its anchor's value, and many nested aliases are refused before they are followed")
    func aliases() throws {
        #expect(try file("lr: &a 0.5\nmomentum: *a").momentum == 0.5)
        #expect(try file("model: \"R &D *x\" # *a *b").model == "R &D *x")
        let names = "abcdefghijklmnopqrstuvwxyz".map { String($0) }
        var lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
        for (before, name) in zip(names, names.dropFirst()) {
            lines.append("\(name): &\(name) [\(Array(repeating: "*\(before)", count: 10).joined(separator: ", "))]")
        }
        let start = ContinuousClock.now
        for last in ["freeze: *z", "? *z\n: 1", "? [*z, *y]\n: 1", "{*z : 1}"] {
            let text = message { _ = try file((lines + [last]).joined(separator: "\n")) }
            #expect(text.hasPrefix("r.yaml:2: more than 8 aliases (*name); write their values out"), "\(text)")
        }
        #expect(message { _ = try file("a: &a [*a]") }.hasPrefix("r.yaml:1: found undefined alias"))
        #expect(start.duration(to: .now) < .seconds(30))
    }

    @Test("a recipe of ten megabytes, or with deep nesting, is refused in time")
    func large() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let start = ContinuousClock.now
        try Data(String(repeating: "lr: 0.1 # a long comment\n", count: 420_000).utf8).write(to: URL(filePath: path))
        #expect(
            message { _ = try RecipeOverrides(contentsOf: path) }
                == "\(path): the recipe cannot be read: it has more than 262144 bytes; "
                + "expected a few lines of `key: value`"
        )
        for unit in ["[", "{a: ", "- ", "? ", "[[{a: ", "a:\n", "! ", "&a ", "*a ", "\"a", "|\n", "\"\\"] {
            let text = message { _ = try file("freeze: " + String(repeating: unit, count: 250_000 / unit.utf8.count)) }
            #expect(text.hasPrefix("r.yaml:") && text.utf8.count < 300, "\(unit): \(text)")
        }
        #expect(start.duration(to: .now) < .seconds(30))
    }

    @Test("the nesting of lists is limited")
    func depth() {
        let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        let text = message { _ = try file("model: a\nfreeze: \(deep)") }
        #expect(text.hasPrefix("r.yaml:2: lists or mappings lie deeper than 16 in each other"), "\(text)")
    }

    @Test(
        "a feature of YAML without a use in recipes is one error with file, line and the expected form",
        arguments: [
            ("model: a\nlr: !!float 0.1", "r.yaml:2: a value has the tag !!float; expected the value alone"),
            ("model: !!str a", "r.yaml:1: a value has the tag !!str"),
            ("freeze: !x [a]", "r.yaml:1: a list has the tag !x"),
            ("model: !!binary YQ==", "r.yaml:1: a value has the tag !!binary"),
            ("model: a\n---\nlr: 1", "r.yaml:2: but found another document"),
            ("model: a\n\tlr: 1", "r.yaml:2: a tab at the beginning of the line; YAML is indented with spaces"),
            ("model: a\nfreeze:\n\t- b", "r.yaml:3: a tab at the beginning of the line"),
            ("model: a\nlr 0.1", "r.yaml:3: could not find expected ':'"),
            ("model: a\nlr:0.1\n", "r.yaml:3: could not find expected ':'"), ("lr:0.1", "r.yaml:1: found lr:0.1"),
            ("model: a\n\n<<: {lr: 1}", "r.yaml:3: there is no key <<"), ("'': 1", "r.yaml:1: there is no key \"\""),
            ("? [a]\n: b", "r.yaml:1: a key is a list or a mapping"), ("model: a\u{7}", "r.yaml:1: this is not text"),
            ("model: a\nlr: 1\n\u{0}", "r.yaml:3: this is not text"), ("- a", "r.yaml:1: found a list"),
            ("model: a\ninclude: b.yaml", "r.yaml:2: include: only a file can include others"),
        ])
    func odd(yaml: String, expected: String) {
        let text = message { _ = try file(yaml) }
        #expect(text.hasPrefix(expected), "\(text)")
        #expect(text.contains("expected") || text.contains("a recipe is YAML") || text.contains("the keys are"))
    }

    @Test("a document without content is an empty recipe", arguments: ["---", "---\n...\n", "\u{FEFF}", "{}"])
    func nothing(yaml: String) throws { #expect(try file(yaml) == RecipeOverrides()) }

    @Test("a text in UTF-16 is refused as such", arguments: [String.Encoding.utf16LittleEndian, .utf16BigEndian])
    func wide(encoding: String.Encoding) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try #require("\u{FEFF}model: lenet\n".data(using: encoding)).write(to: URL(filePath: path))
        let text = message { _ = try RecipeOverrides(contentsOf: path) }
        #expect(text.hasPrefix("\(path):1: the text is UTF-16; save it as UTF-8"), "\(text)")
    }

    @Test("a long value is shown shortened to its beginning")
    func longValue() {
        let text = message { _ = try file("lr: \(String(repeating: "x", count: 100_000))") }
        #expect(text == "r.yaml:1: lr is \(String(repeating: "x", count: 60))…; expected a number above 0, or auto")
    }

    @Test("random texts are read, or refused with an error of one line, in time", arguments: 0..<8)
    func fuzz(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        let start = ContinuousClock.now
        for _ in 0..<400 {
            let yaml = Self.text(&generator)
            do {
                let read = try file(yaml)
                // Values that were read are printed in the same words.
                if read.model != nil, let recipe = try? Recipe.resolve(file: read, flags: RecipeOverrides()) {
                    #expect(
                        try Recipe.resolve(file: file(recipe.yaml()), flags: RecipeOverrides()) == recipe, "\(yaml)")
                }
            } catch {
                let text = "\(error)"
                #expect(text.hasPrefix("r.yaml") && text.count < 3000 && error is RecipeError, "\(yaml)\n\(text)")
            }
        }
        #expect(start.duration(to: .now) < .seconds(60))
    }

    private static let pieces = [
        "model", "lr", "epochs", "freeze", "lr_multipliers", "augment", "resume", "duration", "include", ": ", ":",
        "\n", "\r\n",
        "- ", "  ", "\t", "[", "]", "{", "}", ",", "#", " # ", "'", "\"", "\\", "&a ", "*a", "&", "*", "!", "!!int ",
        "|\n", ">", "?",
        "%", "@", "`", "---\n", "...", "~", "null", "true", "no", "0", "1e-3", ".1", "-5", "1e999", "0x1F", "\u{FEFF}",
        "\u{0}",
        "\u{7F}", "\u{2028}", "é", "🙂", "\u{10FEE9}", "<<", "crop-flip", "90epochs", "shapes", "\\u0000", "\\ud800",
        "\\x",
    ]

    /// Returns random lines that are nearly a recipe, or random pieces.
    private static func text(_ generator: inout SeededRandom) -> String {
        var text = ""
        if Bool.random(using: &generator) { text += "model: lenet\n" }
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
            text += pieces.randomElement(using: &generator) ?? ""
            if Int.random(in: 0..<3, using: &generator) == 0 { text += ": " }
            if Int.random(in: 0..<4, using: &generator) == 0 { text += "\n" }
        }
        return text
    }
}
