import Tensors
import Testing

@Suite struct AlignedBufferTests {
    @Test(
        "a buffer is zeroed and aligned to 64 bytes, a large one to a huge page",
        arguments: [0, 1, 15, 16, 17, 1000, 524_287, 524_288, 1_000_003]
    )
    func fresh(count: Int) throws {
        let buffer = try AlignedBuffer<Float>(count: count)
        let isLarge = count * 4 >= 2 << 20
        #expect(Int(bitPattern: buffer.baseAddress) % (isLarge ? 2 << 20 : 64) == 0)
        #expect(buffer.count == count)
        let (spanned, nonzero) = buffer.withSpan { span in
            var nonzero = 0
            for index in span.indices where span[index].bitPattern != 0 { nonzero += 1 }
            return (span.count, nonzero)
        }
        #expect(spanned == count && nonzero == 0)
    }

    @Test("memory between guards ends the process that touches what is beside it, and no other")
    func guarded() async {
        await #expect(processExitsWith: .success) {
            for end in [Pages.Guard.before, .behind] {
                Pages.guarded = end
                let start = try Pages(bytes: 64).start
                for offset in [0, 63] { start.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self) }
            }
        }
        await #expect(processExitsWith: .failure) {
            Pages.guarded = .behind
            try Pages(bytes: 64).start.storeBytes(of: 1, toByteOffset: 64, as: UInt8.self)
        }
        await #expect(processExitsWith: .failure) {
            Pages.guarded = .before
            try Pages(bytes: 64).start.storeBytes(of: 1, toByteOffset: -1, as: UInt8.self)
        }
    }

    @Test("memory that was used before is zeroed again")
    func reused() throws {
        for _ in 0..<10 {
            var buffer = try AlignedBuffer<Int32>(count: 999)
            #expect(buffer.withSpan { $0[998] } == 0)
            buffer.withMutableSpan { span in
                for index in span.indices { span[index] = -1 }
            }
        }
    }

    @Test("numbers written through a buffer's mutable span are read through the other")
    func spans() throws {
        var buffer = try AlignedBuffer<Double>(count: 33)
        buffer.withMutableSpan { span in
            for index in span.indices { span[index] = Double(index) }
        }
        let read = buffer.withSpan { span in span.indices.map { span[$0] } }
        #expect(read == (0..<33).map(Double.init))
    }
}
