/// Whether a run that is resumed may have another value for a key than it began with.
package enum WhenResumed: Sendable {
    /// The key sets the run's length, places, speed or output; the computation stays the same run's.
    case changesFreely
    /// The key makes it another run from then on, which the user must allow by name: `--override KEY`.
    case changesOnRequest
    /// The saved state fits no other value.
    case stays
}

/// A key with different values in a resumed run and at its beginning.
package struct RecipeDifference: Equatable, Sendable {
    package let key: String
    /// The value as a file would write it; nil where none is given.
    package let before: String?
    package let now: String?
    package let whenResumed: WhenResumed
}

extension RecipeKey {
    /// - Throws: where `name` is not a key, or one whose value cannot change.
    static func checkOverridable(_ name: String) throws(RecipeError) {
        guard let key = all.first(where: { $0.name == name }) else {
            throw .unknownKey(path: "override", line: nil, found: name, nearest: nearest(to: name))
        }
        guard key.whenResumed != .stays else {
            throw .contradiction(
                "override names \(name), but what a checkpoint holds fits one \(name) alone: "
                    + "start anew with another --output"
            )
        }
    }
}

extension Recipe {
    /// Returns the keys that have a meaning only together with the value of `key`, and change with it.
    package static func settings(of key: String) -> [String] {
        switch key {
        case "optimizer": Optimizer.ownKeys
        case "average_weights": ["average_warmup", "average_every"]
        default: []
        }
    }

    /// Returns the values in which this recipe differs from `earlier`, in the order in which recipes are written.
    package func differences(from earlier: Recipe) -> [RecipeDifference] {
        let (before, now) = (earlier.overrides, overrides)
        return RecipeKey.all.compactMap { key in
            let difference = RecipeDifference(
                key: key.name, before: key.print(before), now: key.print(now), whenResumed: key.whenResumed)
            return difference.before == difference.now ? nil : difference
        }
    }
}
