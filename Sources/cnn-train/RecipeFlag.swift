import ArgumentParser
import Recipes

/// Flags of a recipe's keys. Names, help and defaults come from `RecipeKey`, the only place that describes them.
protocol RecipeFlags: ParsableArguments {
    /// Writes the flag's value, if it was given, into a recipe.
    func write(to recipe: inout RecipeOverrides) throws
}

extension Option {
    /// An optional flag.
    ///
    /// - Parameter fallback: the value without the flag, if it is not the recipe's default.
    init<T: ExpressibleByArgument, V>(
        _ path: any KeyPath<RecipeOverrides, V?> & Sendable, default fallback: String? = nil
    )
    where Value == T? {
        let flag = FlagText(path)
        // A number may begin with a minus.
        let isNumber = T.self is any Numeric.Type || T.self is any AutoArgument.Type
        self.init(
            name: flag.name, parsing: isNumber ? .unconditional : .next,
            help: flag.help(for: T.self, default: fallback))
    }

    /// An optional flag whose text is read by `transform`.
    ///
    /// - Parameter fallback: the value without the flag, if it is not the recipe's default.
    init<V>(
        _ path: any KeyPath<RecipeOverrides, V?> & Sendable, default fallback: String? = nil,
        transform: @escaping @Sendable (String) throws -> String
    ) where Value == String? {
        let flag = FlagText(path)
        self.init(name: flag.name, help: flag.help(for: String.self, default: fallback), transform: transform)
    }

    /// A flag whose value is optional, too.
    init<V>(
        _ path: any KeyPath<RecipeOverrides, V?> & Sendable, defaultAsFlag: String,
        transform: @escaping @Sendable (String) throws -> String
    ) where Value == String? {
        let flag = FlagText(path)
        self.init(
            name: flag.name, defaultAsFlag: defaultAsFlag, parsing: .next, help: flag.help(for: String.self),
            transform: transform)
    }

    /// A flag that may be repeated.
    init<T: ExpressibleByArgument, V>(wrappedValue: [T], _ path: any KeyPath<RecipeOverrides, V?> & Sendable)
    where Value == [T] {
        let flag = FlagText(path)
        self.init(
            wrappedValue: wrappedValue, name: flag.name, parsing: .unconditionalSingleValue,
            help: flag.help(for: T.self))
    }
}

extension Option where Value: ExpressibleByArgument {
    /// A flag with a default of the command's own, which the help shows.
    init(wrappedValue: Value, _ path: any KeyPath<RecipeOverrides, Value?> & Sendable) {
        let flag = FlagText(path)
        self.init(wrappedValue: wrappedValue, name: flag.name, help: flag.help(for: Value.self, default: ""))
    }

    /// A flag that must be given.
    init(required path: any KeyPath<RecipeOverrides, Value?> & Sendable) {
        let flag = FlagText(path)
        self.init(name: flag.name, help: flag.help(for: Value.self, default: ""))
    }
}

extension Flag where Value == Bool {
    /// A switch that is off unless it is given.
    init(wrappedValue: Bool, _ path: any KeyPath<RecipeOverrides, Bool?> & Sendable) {
        let flag = FlagText(path)
        self.init(wrappedValue: wrappedValue, name: flag.name, help: ArgumentHelp(stringLiteral: flag.key.summary))
    }
}

extension Flag where Value == Bool? {
    /// A switch that can be turned on, and off with `--no-` before its name.
    init(_ path: any KeyPath<RecipeOverrides, Bool?> & Sendable) {
        let flag = FlagText(path)
        self.init(name: flag.name, inversion: .prefixedNo, help: flag.help(for: Bool.self))
    }
}

/// The name and the help of a key's flag.
private struct FlagText {
    let key: RecipeKey

    init<V>(_ path: any KeyPath<RecipeOverrides, V?> & Sendable) {
        guard let key = RecipeKey.of(path) else { preconditionFailure("RecipeKey.all has no row for \(path)") }
        self.key = key
    }

    var name: NameSpecification { .customLong(key.flag) }

    /// - Parameter fallback: the value without the flag; empty where ArgumentParser shows it.
    func help<T: ExpressibleByArgument>(for type: T.Type, default fallback: String? = nil) -> ArgumentHelp {
        var notes: [String] = []
        // ArgumentParser lists the values of a choice, but no ranges.
        if T.self is any Numeric.Type { notes.append(key.expectedNumber) }
        if T.self is any AutoArgument.Type { notes.append(key.expected) }
        let fallback = fallback ?? key.shownDefault
        if !fallback.isEmpty { notes.append("default: \(fallback)") }
        let text = key.summary + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
        return ArgumentHelp(text, valueName: key.valueName)
    }
}
