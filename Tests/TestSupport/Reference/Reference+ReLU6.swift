/// Rectified linear unit that saturates. (Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010.)
///
///     y = min(max(x, 0), 6)        dx = dy where 0 < y < 6, else 0
extension Reference {
    package static func relu6(_ x: Maps) -> Maps { x.mapValues { Swift.min(Swift.max($0, 0), 6) } }

    package static func relu6Gradient(y: Maps, _ dy: Maps) -> Maps {
        y.combined(with: dy) { $0 > 0 && $0 < 6 ? $1 : 0 }
    }
}
