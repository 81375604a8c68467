/// Addition.
///
///     y = a + b        da = db = dy
extension Reference {
    package static func add(_ a: Maps, _ b: Maps) -> Maps { a.combined(with: b, +) }
}
