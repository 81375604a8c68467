import Testing

@testable import Tensors

@Suite("Memory of batches")
struct SampleReserveTests {
    private func memory(_ samples: Int, _ reserve: SampleReserve, side: Int = 1) -> SampleMemory<UInt8> {
        SampleMemory(samples: samples, sampleCount: side, from: reserve)
    }

    @Test(
        "memory of batches is used again by the next batch of as many bytes, small or large",
        arguments: [1, 1000, 1 << 20, 3_145_733])
    func again(bytes: Int) {
        let reserve = SampleReserve()
        var first: SampleMemory? = memory(1, reserve, side: bytes)
        first?.withSample(0) { $0.update(repeating: 7) }
        #expect(reserve.bytes == 0)
        first = nil
        #expect(reserve.bytes == bytes)
        // What the batch before left.
        let second = memory(1, reserve, side: bytes)
        #expect(reserve.bytes == 0)
        second.withFinishedSample(0) { #expect($0[0] == 7 && $0[bytes - 1] == 7) }
        // Another at the same time has its own.
        let third = memory(1, reserve, side: bytes)
        third.withSample(0) { $0.update(repeating: 9) }
        second.withFinishedSample(0) { #expect($0[0] == 7) }
    }

    @Test("memory of batches never has more than batches had at one time, whatever their sizes")
    func bound() {
        let reserve = SampleReserve()
        for round in 0..<40 {
            let sizes = [100, 100, round % 3 == 0 ? 40 : 100]
            let batches = sizes.map { memory($0, reserve) }
            withExtendedLifetime(batches) {}
            #expect(reserve.bytes <= 300)
        }
        _ = memory(77, reserve)
        // A size that there is not has the others given back.
        #expect(reserve.bytes == 77)
    }

    @Test("memory of batches holds other elements than bytes, and outlives the batch alone")
    func floats() {
        let reserve = SampleReserve()
        let memory = SampleMemory<Float>(samples: 3, sampleCount: 5, from: reserve)
        for sample in 0..<3 { memory.withSample(sample) { $0.update(repeating: Float(sample)) } }
        for sample in 0..<3 { memory.withFinishedSample(sample) { #expect($0[4] == Float(sample)) } }
        _ = SampleMemory<Float>(samples: 0, sampleCount: 5, from: reserve)
        #expect(reserve.bytes == 4)
    }
}
