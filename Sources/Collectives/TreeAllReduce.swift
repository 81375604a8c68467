// The reproducible sum over ranks: a fixed binary tree, so that its bits do not depend on message sizes or timing.
//
// Small messages: recursive doubling, log2 P exchanges of everything. Large ones: reduce-scatter by recursive halving,
// then all-gather by recursive doubling (Rabenseifner, "Optimization of Collective Reduction Operations", ICCS 2004).
// In both, rank r adds what rank r ^ P/2 has, then r ^ P/4, … r ^ 1: each number takes the same path through the same
// tree, and as a + b is b + a in IEEE 754, both partners get the same bits.

internal import CMachine

/// Up to this many bytes the latency of messages counts for more than their length.
private let doublingBytes = 16 << 10

/// What becomes of the numbers that come in.
private enum Incoming {
    case added
    case replacing
}

extension PointToPoint {
    package func sum(_ values: inout MutableSpan<Float>) throws(CollectiveError) {
        try reduce(&values, &scratch.floats)
    }

    package func sum(_ values: inout MutableSpan<Double>) throws(CollectiveError) {
        try reduce(&values, &scratch.doubles)
    }

    package func barrier() throws(CollectiveError) {
        // One number that depends on every rank's.
        var one: [Float] = [1]
        var span = one.mutableSpan
        try sum(&span)
    }

    /// Folds the ranks beyond the largest power of two onto the first ones, sums over the tree, hands the folded their
    /// result.
    private func reduce<Element: FloatingPoint & BitwiseCopyable>(
        _ values: inout MutableSpan<Element>, _ scratch: inout [Element]
    ) throws(CollectiveError) {
        guard size > 1, !values.isEmpty else { return }
        // As kernels do when they add the shards of one rank.
        let control = machine_flush_denormals()
        defer { machine_restore_denormals(control) }
        let room = Swift.min(values.count, chunkBytes / MemoryLayout<Element>.stride)
        if scratch.count < room { scratch = Array(repeating: 0, count: room) }

        let core = largestPowerOfTwo(upTo: size)
        let all = 0..<values.count
        if rank >= core {
            try trade(&values, send: all, receive: 0..<0, .added, with: rank - core, &scratch)
            try trade(&values, send: 0..<0, receive: all, .replacing, with: rank - core, &scratch)
            return
        }
        let folded = rank + core < size ? rank + core : nil
        if let folded { try trade(&values, send: 0..<0, receive: all, .added, with: folded, &scratch) }
        if values.count * MemoryLayout<Element>.stride <= doublingBytes {
            try sumByDoubling(&values, core, &scratch)
        } else {
            try sumByHalving(&values, core, &scratch)
        }
        if let folded { try trade(&values, send: all, receive: 0..<0, .replacing, with: folded, &scratch) }
    }

    private func sumByDoubling<Element: FloatingPoint & BitwiseCopyable>(
        _ values: inout MutableSpan<Element>, _ core: Int, _ scratch: inout [Element]
    ) throws(CollectiveError) {
        let all = 0..<values.count
        var distance = core / 2
        while distance > 0 {
            try trade(&values, send: all, receive: all, .added, with: rank ^ distance, &scratch)
            distance /= 2
        }
    }

    /// On the way down each pair halves what it holds and sums its own half; on the way up the halves are traded back.
    private func sumByHalving<Element: FloatingPoint & BitwiseCopyable>(
        _ values: inout MutableSpan<Element>, _ core: Int, _ scratch: inout [Element]
    ) throws(CollectiveError) {
        var distance = core / 2
        var held = 0..<values.count
        while distance > 0 {
            let (own, other) = halves(of: held, isLower: rank & distance == 0)
            try trade(&values, send: other, receive: own, .added, with: rank ^ distance, &scratch)
            held = own
            distance /= 2
        }
        distance = 1
        while distance < core {
            // The range that was halved at this distance, found again from the top: no list is kept.
            let whole = heldRange(above: distance, core: core, count: values.count)
            let (own, other) = halves(of: whole, isLower: rank & distance == 0)
            try trade(&values, send: own, receive: other, .replacing, with: rank ^ distance, &scratch)
            distance *= 2
        }
    }

    /// The range this rank holds after the halvings at core/2, …, 2 * distance.
    private func heldRange(above distance: Int, core: Int, count: Int) -> Range<Int> {
        var held = 0..<count
        var halving = core / 2
        while halving > distance {
            held = halves(of: held, isLower: rank & halving == 0).own
            halving /= 2
        }
        return held
    }

    /// Sends one range to `partner` chunk by chunk while as many chunks of another come in. Both sides count the same
    /// chunks, as the one's `send` is as long as the other's `receive`.
    private func trade<Element: FloatingPoint & BitwiseCopyable>(
        _ values: inout MutableSpan<Element>, send: Range<Int>, receive: Range<Int>, _ incoming: Incoming,
        with partner: Int, _ scratch: inout [Element]
    ) throws(CollectiveError) {
        let stride = MemoryLayout<Element>.stride
        let chunk = chunkBytes / stride
        var offset = 0
        while offset < Swift.max(send.count, receive.count) {
            let outgoing = send.dropFirst(offset).prefix(chunk)
            let target = receive.dropFirst(offset).prefix(chunk)
            var room = scratch.mutableSpan
            var bytes = room.mutableBytes
            var incomingBytes = bytes._mutatingExtracting(first: target.count * stride)
            try exchange(send: values.span.extracting(outgoing).bytes, receive: &incomingBytes, with: partner)
            let received = scratch.span
            switch incoming {
            case .added:
                for index in 0..<target.count { values[target.lowerBound + index] += received[index] }
            case .replacing:
                for index in 0..<target.count { values[target.lowerBound + index] = received[index] }
            }
            offset += chunk
        }
    }
}

private func largestPowerOfTwo(upTo count: Int) -> Int {
    1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
}

/// Cuts a range in two; the longer half is the upper one's.
private func halves(of range: Range<Int>, isLower: Bool) -> (own: Range<Int>, other: Range<Int>) {
    let middle = range.lowerBound + range.count / 2
    let lower = range.lowerBound..<middle
    let upper = middle..<range.upperBound
    return isLower ? (lower, upper) : (upper, lower)
}
