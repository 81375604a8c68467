import Tensors
import Testing

@Suite struct AlignedBufferTests {
    @Test(
        "a buffer is zeroed and aligned to 64 bytes, a large one to a huge page",
        arguments: [0, 1, 15, 16, 17, 1000, 524_287, 524_288, 1_000_003]
    )
    func fresh(count: Int) {
        var buffer = AlignedBuffer<Float>(count: count)
        let isLarge = count * 4 >= 2 << 20
        #expect(Int(bitPattern: buffer.baseAddress) % (isLarge ? 2 << 20 : 64) == 0)
        #expect(buffer.count == count && buffer.span.count == count && buffer.mutableSpan.count == count)
        var nonzero = 0
        let span = buffer.span
        for index in span.indices where span[index].bitPattern != 0 { nonzero += 1 }
        #expect(nonzero == 0)
    }

    @Test("memory that was used before is zeroed again")
    func reused() {
        for _ in 0..<10 {
            var buffer = AlignedBuffer<Int32>(count: 999)
            #expect(buffer.span[998] == 0)
            var span = buffer.mutableSpan
            for index in span.indices { span[index] = -1 }
        }
    }

    @Test("what is written through the mutable span is read through the other")
    func spans() {
        var buffer = AlignedBuffer<Double>(count: 33)
        var writer = buffer.mutableSpan
        for index in writer.indices { writer[index] = Double(index) }
        let reader = buffer.span
        for index in reader.indices { #expect(reader[index] == Double(index)) }
    }
}
