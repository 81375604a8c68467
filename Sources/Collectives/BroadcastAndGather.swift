extension PointToPoint {
    package func broadcast<Value: BitwiseCopyable>(
        _ values: inout MutableSpan<Value>, from root: Int, as name: CollectiveName
    ) throws(CollectiveError) {
        var bytes = values.mutableBytes
        try broadcast(raw: &bytes, from: root, as: name)
    }

    private func broadcast(
        raw bytes: inout MutableRawSpan, from root: Int, as name: CollectiveName
    ) throws(CollectiveError) {
        try recorder.record(.broadcast, name, bytes: bytes.byteCount, on: line) { () throws(CollectiveError) in
            try broadcast(raw: &bytes, from: root)
        }
    }

    /// Broadcasts down a binomial tree, chunk by chunk, so that a rank sends one chunk on while the next arrives.
    private func broadcast(raw bytes: inout MutableRawSpan, from root: Int) throws(CollectiveError) {
        precondition((0..<size).contains(root), "broadcast from rank \(root) of \(size)")
        let position = (rank - root + size) % size
        for start in stride(from: 0, to: bytes.byteCount, by: chunkBytes) {
            let end = Swift.min(start + chunkBytes, bytes.byteCount)
            var chunk = bytes._mutatingExtracting(start..<end)
            // The parent of a position lacks its lowest one bit; each child has one more bit, below that one.
            var reach = 1
            while reach < size && position & reach == 0 { reach *= 2 }
            if position > 0 { try receive(&chunk, from: (position - reach + root) % size) }
            reach /= 2
            while reach > 0 {
                if position + reach < size { try send(chunk.bytes, to: (position + reach + root) % size) }
                reach /= 2
            }
        }
    }

    package func gather(
        _ bytes: [UInt8], to root: Int, as name: CollectiveName
    ) throws(CollectiveError) -> [[UInt8]] {
        precondition((0..<size).contains(root), "gather to rank \(root) of \(size)")
        return try recorder.record(.gather, name, bytes: bytes.count, on: line) { () throws(CollectiveError) in
            try gathered(bytes, to: root)
        }
    }

    private func gathered(_ bytes: [UInt8], to root: Int) throws(CollectiveError) -> [[UInt8]] {
        guard rank == root else {
            let length = [UInt64(bytes.count)]
            try send(length.span.bytes, to: root)
            try send(bytes.span.bytes, to: root)
            return []
        }
        var gathered: [[UInt8]] = []
        gathered.reserveCapacity(size)
        for sender in 0..<size {
            gathered.append(sender == rank ? bytes : try receiveVariable(from: sender))
        }
        return gathered
    }

    /// Receives a length and then that many bytes.
    private func receiveVariable(from sender: Int) throws(CollectiveError) -> [UInt8] {
        var length: [UInt64] = [0]
        var lengthSpan = length.mutableSpan
        var lengthBytes = lengthSpan.mutableBytes
        try receive(&lengthBytes, from: sender)
        var bytes = [UInt8](repeating: 0, count: Int(length[0]))
        var span = bytes.mutableSpan
        var raw = span.mutableBytes
        try receive(&raw, from: sender)
        return bytes
    }
}
