package import Tensors

/// The sum of gradients over the passes of a step, along the same tree as the shards of one large batch.
///
/// Passes come in the order of `Sharding.passes`: each finished sum waits for its sibling, in one of as many arenas as
/// the number of passes has binary digits.
package final class Accumulation {
    private let gradients: LentMemory<Float>
    /// The sums of 1, 2, 4, … passes.
    private var levels: [[Float]] = []
    private var isWaiting: [Bool] = []
    /// The number of the last pass's gradients to which the waiting sums have been added.
    private var added = 0

    package init(of gradients: LentMemory<Float>) {
        self.gradients = gradients
    }

    /// Drops the sums of an interrupted step.
    package func begin() {
        isWaiting = isWaiting.map { _ in false }
        added = 0
    }

    /// Keeps the gradients of a pass that is not the last.
    package func keep() {
        var level = 0
        while level < levels.count && isWaiting[level] {
            add(level, 0..<gradients.count)
            isWaiting[level] = false
            level += 1
        }
        if level == levels.count {
            levels.append([Float](repeating: 0, count: gradients.count))
            isWaiting.append(false)
        }
        isWaiting[level] = true
        gradients.withMutableSpan(0..<gradients.count) { span in
            for index in span.indices { levels[level][index] = span[index] }
        }
    }

    /// Adds the waiting sums to those of the last pass's first `count` gradients that are not complete yet.
    package func complete(_ count: Int) {
        guard count > added else { return }
        for level in levels.indices where isWaiting[level] { add(level, added..<count) }
        added = count
    }

    private func add(_ level: Int, _ range: Range<Int>) {
        gradients.withMutableSpan(range) { span in
            levels[level].withUnsafeBufferPointer { kept in
                for index in span.indices { span[index] += kept[range.lowerBound + index] }
            }
        }
    }
}
