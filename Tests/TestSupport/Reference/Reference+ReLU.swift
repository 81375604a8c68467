/// Rectified linear unit.
///
///     y = max(x, 0)        dx = dy where y > 0, else 0
extension Reference {
    package static func relu(_ x: Maps) -> Maps { x.mapValues { $0 > 0 ? $0 : 0 } }

    package static func reluGradient(y: Maps, _ dy: Maps) -> Maps { y.combined(with: dy) { $0 > 0 ? $1 : 0 } }
}
