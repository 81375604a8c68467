/// A key that only some optimizers, or only some schedules, use.
struct OwnedSetting<Owner: Sendable>: Sendable {
    let key: String
    let owners: [Owner]
    let isGiven: @Sendable (RecipeOverrides) -> Bool
    let forget: @Sendable (inout RecipeOverrides) -> Void

    init<Value>(
        _ key: String, _ path: any WritableKeyPath<RecipeOverrides, Value?> & Sendable, _ owners: [Owner]
    ) {
        self.key = key
        self.owners = owners
        isGiven = { $0[keyPath: path] != nil }
        forget = { $0[keyPath: path] = nil }
    }
}
