/// The number for each byte and channel of an image: a normalisation by table look-up.
package struct ByteTable: Sendable {
    package let channels: Int
    /// 256 numbers for each channel, channel after channel.
    private let numbers: [Float]

    /// - Parameter number: returns the number for a byte of a channel.
    package init(channels: Int, number: (_ byte: UInt8, _ channel: Int) -> Float) {
        precondition(channels > 0, "a table for \(channels) channels")
        self.channels = channels
        numbers = (0..<channels).flatMap { channel in (0...255).map { number(UInt8($0), channel) } }
    }

    /// The number for `byte` in a channel.
    package subscript(_ byte: UInt8, channel: Int) -> Float { numbers[channel << 8 | Int(byte)] }

    /// Writes the number of each of `bytes`; channels vary fastest.
    package func write(_ bytes: Span<UInt8>, into target: inout MutableSpan<Float>) {
        precondition(bytes.count == target.count, "\(bytes.count) bytes for \(target.count) numbers")
        precondition(bytes.count.isMultiple(of: channels), "\(bytes.count) bytes of \(channels) channels")
        target.withUnsafeMutableBufferPointer { target in
            bytes.withUnsafeBufferPointer { bytes in
                numbers.withUnsafeBufferPointer { numbers in
                    guard let target = target.baseAddress, let source = bytes.baseAddress,
                        let numbers = numbers.baseAddress
                    else { return }
                    if channels == 1 {
                        for place in 0..<bytes.count { target[place] = numbers[Int(source[place])] }
                        return
                    }
                    if channels == 3 {
                        for place in stride(from: 0, to: bytes.count, by: 3) {
                            target[place] = numbers[Int(source[place])]
                            target[place + 1] = numbers[256 + Int(source[place + 1])]
                            target[place + 2] = numbers[512 + Int(source[place + 2])]
                        }
                        return
                    }
                    for channel in 0..<channels {
                        let own = numbers + channel << 8
                        for place in stride(from: channel, to: bytes.count, by: channels) {
                            target[place] = own[Int(source[place])]
                        }
                    }
                }
            }
        }
    }
}
