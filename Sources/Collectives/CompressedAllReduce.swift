// Sums whose messages carry half as many bytes.
//
// The tree is that of float32. Before two ranks add, both round their numbers to the wire's format, including those
// that they keep: so both get the same bits, wherever in a message a number stands. Additions are in float32. The final
// sum is rounded once more before it is sent on, so that its owner has the same bits as the others.

internal import CMachine

/// The most numbers of a short sum, for which the number of messages counts for more than their length.
private let shortSumCount = 4096

extension PointToPoint {
    func sumCompressed(
        _ values: inout MutableSpan<Float>, _ wire: WireFormat, _ scratch: inout ReceiveScratch
    ) throws(CollectiveError) {
        guard size > 1, !values.isEmpty else { return }
        let control = machine_flush_denormals()
        defer { machine_restore_denormals(control) }
        let room = Swift.min(values.count, sumMessages.part / 2)
        if scratch.sent.count < room {
            scratch.sent = Array(repeating: 0, count: room)
            scratch.received = Array(repeating: 0, count: room)
        }
        let tree = sumTree(count: values.count, isShort: values.count <= shortSumCount)
        try tree.run { (step: SumTree.Step) throws(CollectiveError) in
            switch step {
            case .exchange(let exchange):
                try carryOut(exchange, on: &values, wire, &scratch.sent, &scratch.received)
            case .finish(let own):
                var part = values._mutatingExtracting(own)
                wire.round(&part)
            }
        }
    }

    private func carryOut(
        _ exchange: SumTree.Exchange, on values: inout MutableSpan<Float>, _ wire: WireFormat,
        _ sent: inout [UInt16], _ received: inout [UInt16]
    ) throws(CollectiveError) {
        let chunk = sumMessages.part / 2
        var offset = 0
        while offset < Swift.max(exchange.send.count, exchange.receive.count) {
            let outgoing = exchange.send.dropFirst(offset).prefix(chunk)
            let target = exchange.receive.dropFirst(offset).prefix(chunk)
            var room = sent.mutableSpan
            wire.encode(values.span.extracting(outgoing), to: &room)
            var words = received.mutableSpan
            var bytes = words.mutableBytes
            var incoming = bytes._mutatingExtracting(first: 2 * target.count)
            try self.exchange(
                send: sent.span.extracting(first: outgoing.count).bytes, receive: &incoming,
                with: exchange.partner)
            var place = values._mutatingExtracting(target)
            if exchange.adds {
                wire.round(&place)
                wire.add(received.span, to: &place)
            } else {
                wire.decode(received.span, to: &place)
            }
            offset += chunk
        }
    }
}

extension WireFormat {
    func encode(_ values: Span<Float>, to words: inout MutableSpan<UInt16>) {
        Self.forEachVector(values.count) { start, count in
            let encoded = encoded(load(values, start, count))
            for lane in 0..<count { words[start + lane] = UInt16(truncatingIfNeeded: encoded[lane]) }
        }
    }

    func decode(_ words: Span<UInt16>, to values: inout MutableSpan<Float>) {
        Self.forEachVector(values.count) { start, count in
            store(decoded(load(words, start, count)), &values, start, count)
        }
    }

    func add(_ words: Span<UInt16>, to values: inout MutableSpan<Float>) {
        Self.forEachVector(values.count) { start, count in
            let sums = load(values.span, start, count) + decoded(load(words, start, count))
            store(sums, &values, start, count)
        }
    }

    /// Rounds each value to the nearest number of the format.
    func round(_ values: inout MutableSpan<Float>) {
        Self.forEachVector(values.count) { start, count in
            store(decoded(encoded(load(values.span, start, count))), &values, start, count)
        }
    }

    @inline(__always)
    private static func forEachVector(_ count: Int, _ body: (_ start: Int, _ count: Int) -> Void) {
        var start = 0
        while start + Floats.scalarCount <= count {
            body(start, Floats.scalarCount)
            start += Floats.scalarCount
        }
        if start < count { body(start, count - start) }
    }
}

@inline(__always)
private func load(_ values: Span<Float>, _ start: Int, _ count: Int) -> Floats {
    var vector = Floats.zero
    for lane in 0..<count { vector[lane] = values[start + lane] }
    return vector
}

@inline(__always)
private func load(_ words: Span<UInt16>, _ start: Int, _ count: Int) -> Words {
    var vector = Words.zero
    for lane in 0..<count { vector[lane] = UInt32(words[start + lane]) }
    return vector
}

@inline(__always)
private func store(_ vector: Floats, _ values: inout MutableSpan<Float>, _ start: Int, _ count: Int) {
    for lane in 0..<count { values[start + lane] = vector[lane] }
}
