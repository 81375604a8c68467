// The reproducible sum over ranks: a fixed binary tree (SumTree.swift), so that its bits do not depend on message sizes
// or timing.

internal import CMachine
internal import Kernels
internal import Tensors

/// The most bytes of a short sum, for which the number of messages counts for more than their length.
private let shortSumBytes = 64 << 10

extension PointToPoint {
    package func sum(
        _ values: inout MutableSpan<Float>, wire: WireFormat, as name: CollectiveName
    ) throws(CollectiveError) {
        try recorder.record(.sum, name, bytes: 4 * values.count, on: line) { () throws(CollectiveError) in
            if wire != .float32 {
                try sumCompressed(&values, wire, &scratch)
            } else if try !librarySum(&values) {
                try sumAlongTree(&values, &scratch.floats)
            }
        }
    }

    package func sum(_ values: inout MutableSpan<Double>, as name: CollectiveName) throws(CollectiveError) {
        try recorder.record(.sum, name, bytes: 8 * values.count, on: line) { () throws(CollectiveError) in
            if try !librarySum(&values) { try sumAlongTree(&values, &scratch.doubles) }
        }
    }

    package func barrier(as name: CollectiveName) throws(CollectiveError) {
        try recorder.record(.barrier, name, bytes: 0, on: line) { () throws(CollectiveError) in
            // A sum of one number is complete only when every rank has sent its own.
            var one: [Float] = [1]
            var span = one.mutableSpan
            try sumAlongTree(&span, &scratch.floats)
        }
    }

    private func sumAlongTree<Element: Addend>(
        _ values: inout MutableSpan<Element>, _ scratch: inout [Element]
    ) throws(CollectiveError) {
        guard size > 1, !values.isEmpty else { return }
        // Kernels flush denormals too when they add the shards of one rank.
        let control = machine_flush_denormals()
        defer { machine_restore_denormals(control) }
        let stride = MemoryLayout<Element>.stride
        let room = Swift.min(values.count, sumMessages.whole / stride)
        if scratch.count < room { scratch = Array(repeating: 0, count: room) }
        let tree = sumTree(count: values.count, isShort: values.count * stride <= shortSumBytes)
        try tree.run { (step: SumTree.Step) throws(CollectiveError) in
            if case .exchange(let exchange) = step { try carryOut(exchange, on: &values, &scratch) }
        }
    }

    /// Returns the steps of this rank for a sum of `count` numbers.
    func sumTree(count: Int, isShort: Bool) -> SumTree {
        SumTree(rank: rank, ranks: size, count: count, sharing: !isShort ? .all : sumsInPairs ? .pairs : .none)
    }

    /// Sends one range chunk by chunk while another comes in. Both sides use the same chunks, as the one's `send` is as
    /// long as the other's `receive`.
    private func carryOut<Element: Addend>(
        _ exchange: SumTree.Exchange, on values: inout MutableSpan<Element>, _ scratch: inout [Element]
    ) throws(CollectiveError) {
        let stride = MemoryLayout<Element>.stride
        let longest = Swift.max(exchange.send.count, exchange.receive.count)
        let chunk = sumMessages.length(of: longest * stride) / stride
        var offset = 0
        while offset < longest {
            let outgoing = exchange.send.dropFirst(offset).prefix(chunk)
            let target = exchange.receive.dropFirst(offset).prefix(chunk)
            if exchange.adds {
                var room = scratch.mutableSpan
                var bytes = room.mutableBytes
                var incoming = bytes._mutatingExtracting(first: target.count * stride)
                try self.exchange(
                    send: values.span.extracting(outgoing).bytes, receive: &incoming, with: exchange.partner)
                var sums = values._mutatingExtracting(target)
                Element.add(scratch.span, to: &sums)
            } else {
                try values.withParts(reading: outgoing, writing: target) { source, place throws(CollectiveError) in
                    var incoming = place.mutableBytes
                    try self.exchange(send: source.bytes, receive: &incoming, with: exchange.partner)
                }
            }
            offset += chunk
        }
    }
}
