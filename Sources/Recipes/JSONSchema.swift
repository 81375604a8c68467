/// A JSON Schema (draft 2020-12), as far as recipes need it: the values that an editor may accept.
package struct JSONSchema: Encodable, Sendable {
    package enum Constant: Encodable, Equatable, Sendable {
        case text(String)
        case number(Double)
        case boolean(Bool)
        case null

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            // Whole numbers have no point in JSON's text either.
            case .number(let number):
                if let whole = Int(exactly: number) {
                    try container.encode(whole)
                } else {
                    try container.encode(number)
                }
            case .boolean(let isTrue): try container.encode(isTrue)
            case .null: try container.encodeNil()
            }
        }
    }

    package var type: [String]?
    package var `enum`: [Constant]?
    package var minimum: Double?
    package var maximum: Double?
    package var exclusiveMinimum: Double?
    package var exclusiveMaximum: Double?
    package var pattern: String?
    package var anyOf: [JSONSchema]?
    /// The schemas of a list's elements.
    private var elements: [JSONSchema]?
    /// The schemas of a mapping's values.
    private var values: [JSONSchema]?
    package var description: String?
    package var `default`: Constant?

    init(
        type: [String]? = nil, minimum: Double? = nil, maximum: Double? = nil, exclusiveMinimum: Double? = nil,
        exclusiveMaximum: Double? = nil
    ) {
        self.type = type
        self.minimum = minimum
        self.maximum = maximum
        self.exclusiveMinimum = exclusiveMinimum
        self.exclusiveMaximum = exclusiveMaximum
    }

    private enum CodingKeys: String, CodingKey {
        case type, `enum`, minimum, maximum, exclusiveMinimum, exclusiveMaximum, pattern, anyOf, items
        case additionalProperties, description, `default`
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        // One type is a text.
        if let type, type.count == 1 {
            try container.encode(type[0], forKey: .type)
        } else {
            try container.encodeIfPresent(type, forKey: .type)
        }
        try container.encodeIfPresent(self.enum, forKey: .enum)
        try container.encodeIfPresent(minimum.map { Constant.number($0) }, forKey: .minimum)
        try container.encodeIfPresent(maximum.map { Constant.number($0) }, forKey: .maximum)
        try container.encodeIfPresent(exclusiveMinimum.map { Constant.number($0) }, forKey: .exclusiveMinimum)
        try container.encodeIfPresent(exclusiveMaximum.map { Constant.number($0) }, forKey: .exclusiveMaximum)
        try container.encodeIfPresent(pattern, forKey: .pattern)
        try container.encodeIfPresent(anyOf, forKey: .anyOf)
        try container.encodeIfPresent(elements?.first, forKey: .items)
        try container.encodeIfPresent(values?.first, forKey: .additionalProperties)
        try container.encodeIfPresent(description, forKey: .description)
        try container.encodeIfPresent(self.default, forKey: .default)
    }
}

extension JSONSchema {
    static let anything = JSONSchema()
    static let nothing = JSONSchema(type: ["null"])
    /// A text, or a value that YAML reads as a number or a boolean and a recipe reads as text.
    static let single = JSONSchema(type: ["string", "number", "boolean"])
    /// The forms of having no value.
    static let refusal = any([
        oneOf([.boolean(false)]), text(like: "^(none|None|NONE|no|No|NO|off|Off|OFF)$"),
    ])

    static func any(_ schemas: [JSONSchema]) -> JSONSchema {
        var schema = JSONSchema()
        schema.anyOf = schemas.flatMap { $0.isChoiceAlone ? $0.anyOf ?? [] : [$0] }
        return schema
    }

    private var isChoiceAlone: Bool { anyOf != nil && description == nil }

    static func oneOf(_ constants: [Constant]) -> JSONSchema {
        var schema = JSONSchema()
        schema.enum = constants
        return schema
    }

    static func text(like pattern: String) -> JSONSchema {
        var schema = JSONSchema(type: ["string"])
        schema.pattern = pattern
        return schema
    }

    static func integer(in range: ClosedRange<Int>) -> JSONSchema {
        JSONSchema(type: ["integer"], minimum: Double(range.lowerBound), maximum: Double(range.upperBound))
    }

    static func integer(from least: Int) -> JSONSchema { JSONSchema(type: ["integer"], minimum: Double(least)) }

    static func list(of element: JSONSchema) -> JSONSchema {
        var schema = JSONSchema(type: ["array"])
        schema.elements = [element]
        return schema
    }

    static func map(of value: JSONSchema) -> JSONSchema {
        var schema = JSONSchema(type: ["object"])
        schema.values = [value]
        return schema
    }
}

/// The schema of a whole recipe, made of the table of keys.
package struct RecipeSchema: Encodable, Sendable {
    private let schema = "https://json-schema.org/draft/2020-12/schema"
    private let title = "A recipe of cnn-train"
    private let type = "object"
    private let properties: [String: JSONSchema]
    private let additionalProperties = false

    package init() {
        var properties: [String: JSONSchema] = [:]
        for key in RecipeKey.all {
            // Every key may be set to no value.
            var schema = JSONSchema.any([key.schema, .nothing])
            schema.description = key.summary + " Expected: \(key.expected). Default: \(key.shownDefault)."
            schema.default = Self.constant(key)
            properties[key.name] = schema
        }
        var include = JSONSchema.any([.single, .list(of: .single), .nothing])
        include.description = RecipeKey.includeSummary
        properties[RecipeKey.include] = include
        self.properties = properties
    }

    /// Returns a key's default in JSON; nil where there is none, or it depends on other values.
    private static func constant(_ key: RecipeKey) -> JSONSchema.Constant? {
        var values = RecipeOverrides()
        key.fill(&values)
        guard key.print(values) != nil else { return nil }
        let text = key.shownDefault
        if let boolean = RecipeText(text: text, isQuoted: false).boolean { return .boolean(boolean) }
        return RecipeText.decimal(text).map { .number($0) } ?? .text(text)
    }

    private enum CodingKeys: String, CodingKey {
        case schema = "$schema"
        case title, type, properties, additionalProperties
    }
}
