import Foundation
import Testing

@testable import Recipes

/// A JSON value.
private enum JSON: Decodable, Equatable {
    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case list([JSON])
    case map([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .list(value)
        } else {
            self = .map(try container.decode([String: JSON].self))
        }
    }

    init(_ text: String) throws { self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8)) }

    subscript(key: String) -> JSON? { if case .map(let map) = self { map[key] } else { nil } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
    var list: [JSON]? { if case .list(let list) = self { list } else { nil } }
    var keys: Set<String> { if case .map(let map) = self { Set(map.keys) } else { [] } }

    /// The names that JSON Schema has for its type.
    private var types: Set<String> {
        switch self {
        case .null: ["null"]
        case .boolean: ["boolean"]
        case .number(let number): number == number.rounded() ? ["number", "integer"] : ["number"]
        case .text: ["string"]
        case .list: ["array"]
        case .map: ["object"]
        }
    }

    /// Whether it is what a schema asks for, of the words that ours uses.
    func satisfies(_ schema: JSON) throws -> Bool {
        let words: Set = [
            "type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "anyOf", "items",
            "additionalProperties", "description", "default",
        ]
        try #require(schema.keys.isSubset(of: words), "\(schema.keys)")
        if let type = schema["type"] {
            guard !types.isDisjoint(with: type.list?.compactMap(\.text) ?? [type.text ?? ""]) else { return false }
        }
        if let constants = schema["enum"]?.list, !constants.contains(self) { return false }
        if let number {
            if let bound = schema["minimum"]?.number, number < bound { return false }
            if let bound = schema["maximum"]?.number, number > bound { return false }
            if let bound = schema["exclusiveMinimum"]?.number, number <= bound { return false }
            if let bound = schema["exclusiveMaximum"]?.number, number >= bound { return false }
        }
        if let text, let pattern = schema["pattern"]?.text, try Regex(pattern).firstMatch(in: text) == nil {
            return false
        }
        if let elements = list, let schema = schema["items"] {
            for element in elements where try !element.satisfies(schema) { return false }
        }
        if case .map(let values) = self, let schema = schema["additionalProperties"] {
            for value in values.values where try !value.satisfies(schema) { return false }
        }
        guard let choices = schema["anyOf"]?.list else { return true }
        for choice in choices where try satisfies(choice) { return true }
        return false
    }
}

@Suite("The schema of recipes") struct SchemaTests {
    private let schema: JSON

    init() throws { schema = try JSONDecoder().decode(JSON.self, from: JSONEncoder().encode(RecipeSchema())) }

    private func property(_ key: String) throws -> JSON { try #require(schema["properties"]?[key]) }

    @Test("the schema of recipes has the keys of the table and include, each with what it means, and takes its default")
    func keys() throws {
        #expect(schema["$schema"]?.text == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["type"]?.text == "object" && schema["additionalProperties"] == .boolean(false))
        #expect(schema["properties"]?.keys == Set(RecipeKey.all.map(\.name) + ["include"]))
        for key in RecipeKey.all {
            let property = try property(key.name)
            let text = try #require(property["description"]?.text)
            #expect(text.hasPrefix(key.summary) && text.contains(key.expected) && text.contains(key.shownDefault))
            if let value = property["default"] { #expect(try value.satisfies(property), "\(key.name)") }
            #expect(try JSON.null.satisfies(property), "\(key.name)")
            #expect(property["anyOf"]?.list?.contains { $0.keys.isEmpty } == false, "\(key.name) takes anything")
        }
        #expect(try property("lr")["default"] == nil && property("batch_size")["default"] == .number(32))
        #expect(try property("strict")["default"] == .boolean(false))
    }

    /// Values of keys, and whether they are right.
    private static let samples: [(key: String, json: String, isRight: Bool)] = [
        ("model", "\"lenet\"", true), ("model", "[\"lenet\"]", false), ("model", "5", true),
        ("epochs", "5", true), ("epochs", "0", false), ("epochs", "1.5", false), ("epochs", "\"5\"", false),
        ("epochs", "true", false), ("epochs", "1000001", false), ("lr", "1e-3", true), ("lr", "0", false),
        ("lr", "-1", false), ("lr", "\"0.1\"", false), ("lr", "{}", false), ("momentum", "0", true),
        ("momentum", "1", false), ("betas", "[0.9, 0.999]", true), ("betas", "\"0.9,0.999\"", true),
        ("betas", "[0.9, 1]", false), ("betas", "0.9", false), ("optimizer", "\"muon\"", true),
        ("optimizer", "\"sgdd\"", false), ("clip_norm", "0", false), ("clip_norm", "false", true),
        ("validation_fraction", "0", false), ("validation_fraction", "0.5", true),
        ("mixup", "false", true), ("mixup", "0.2", true), ("mixup", "101", false),
        ("power", "100", true), ("power", "100.5", false), ("nesterov", "true", true),
        ("nesterov", "\"yes\"", false),
        ("shuffle", "true", true), ("shuffle", "\"maybe\"", false), ("schedule", "\"cosine\"", true),
        ("schedule", "\"cosines\"", false), ("schedule", "[\"cosine\"]", false), ("seed", "0", true),
        ("seed", "-1", false), ("virtual_shards", "8", true), ("virtual_shards", "6", false),
        ("duration", "\"90epochs\"", true), ("duration", "\"500steps\"", true), ("duration", "90", false),
        ("step_every", "\"30epochs\"", true), ("step_every", "\"10min\"", false), ("step_every", "3", false),
        ("milestones", "[\"30epochs\", \"7steps\"]", true), ("milestones", "[30]", false),
        ("milestones", "\"30epochs,60epochs\"", true), ("checkpoint_every", "[\"10min\", \"1epoch\"]", true),
        ("checkpoint_every", "10", false), ("keep_every", "10", true), ("keep_every", "\"10epochs\"", true),
        ("keep_every", "false", true), ("keep_every", "\"10m\"", false), ("freeze", "[\"a\", \"b\"]", true),
        ("freeze", "\"a\"", true), ("freeze", "{\"a\": \"b\"}", false), ("freeze", "[[\"a\"]]", false),
        ("lr_multipliers", "{\"a\": 1, \"b\": 0.5}", true), ("lr_multipliers", "{\"a\": \"b\"}", false),
        ("lr_multipliers", "{\"a\": 1000001}", false), ("lr_multipliers", "[\"a\"]", false),
        ("model_options", "{\"blocks\": [6, 12], \"a\": null}", true),
        ("model_options", "{\"a\": {\"b\": 1}}", false),
        ("model_options", "\"a\"", false), ("augment", "[\"crop-flip\", \"erase\"]", true),
        ("augment", "\"none\"", true), ("augment", "{}", false), ("heartbeat", "\"5s\"", true),
        ("heartbeat", "false", true), ("heartbeat", "5", false), ("resume", "true", true),
        ("resume", "\"auto\"", true), ("resume", "[\"a\"]", false), ("output", "\"a\"", true),
        ("output", "{}", false),
        ("checkpoint_level", "-7", true), ("checkpoint_level", "20", false),
    ]

    @Test("the schema of recipes takes and refuses the values that recipes do", arguments: samples)
    func values(key: String, json: String, isRight: Bool) throws {
        #expect(try JSON(json).satisfies(property(key)) == isRight)
        let isRead = (try? Recipe.check(file("\(key): \(json)"))) != nil
        #expect(isRead == isRight)
    }
}
