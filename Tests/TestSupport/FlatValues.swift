/// All numbers of `span`, in order.
package func numbers(of span: inout MutableSpan<Float>) -> [Float] {
    [Float](unsafeUninitializedCapacity: span.count) { buffer, initialized in
        for index in 0..<span.count { buffer.initializeElement(at: index, to: span[index]) }
        initialized = span.count
    }
}

/// Puts `values` into `span`, each other one larger and smaller by `disturbance` of itself.
package func fill(_ span: inout MutableSpan<Float>, with values: [Float], disturbance: Float = 0) {
    precondition(span.count == values.count, "\(values.count) numbers for \(span.count)")
    for index in 0..<values.count {
        span[index] = values[index] * (index.isMultiple(of: 2) ? 1 + disturbance : 1 - disturbance)
    }
}

/// Puts zeros into `span`.
package func clear(_ span: inout MutableSpan<Float>) {
    for index in 0..<span.count { span[index] = 0 }
}

/// About a thousand of `values`, evenly spread: enough to judge a length by.
package func thinned(_ values: [Float]) -> [Float] {
    stride(from: 0, to: values.count, by: max(1, values.count / 1000)).map { values[$0] }
}
