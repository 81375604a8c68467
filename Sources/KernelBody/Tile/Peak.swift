import KernelInterface

/// Measures the machine's peak: runs the full tile over and over on data of the first-level cache.
func saturate(_ repetitions: Int, _ memory: UnsafeMutablePointer<Float>) -> Double {
    let steps = 128
    var element = ReduceElement(source: 0, weight: 0, length: steps)
    return withUnsafePointer(to: &element) { element in
        var job = MultiplyJob(
            source: UnsafePointer(memory), sourceStride: steps, weights: UnsafePointer(memory + 4096),
            elements: element, elementCount: 1, initial: nil, initialStride: 0, destination: memory + 2048,
            destinationStride: tileLanes, prefetch: Prefetch(nothingAt: UnsafePointer(memory)))
        for _ in 0..<repetitions { Multiply<Broadcast>.run(height: tileRows, isWide: true, &job) }
        return Double(repetitions) * Double(2 * steps * tileRows * tileLanes)
    }
}

/// Adds the measurement of this file.
func addPeakMeasurement(to table: inout KernelTable) { table.saturate = saturate }
