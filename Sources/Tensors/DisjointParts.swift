extension MutableSpan where Element: BitwiseCopyable {
    /// Calls `body` with one part to read and another to write, which the rules of a single span do not allow.
    ///
    /// - Precondition: The parts are within the span and do not overlap.
    package mutating func withParts<Result, Failure: Error>(
        reading source: Range<Int>, writing target: Range<Int>,
        _ body: (Span<Element>, inout MutableSpan<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(
            (0...count).contains(source.upperBound) && (0...count).contains(target.upperBound)
                && !source.overlaps(target),
            "parts \(source) and \(target) of \(count)")
        return try withUnsafeMutableBufferPointer { buffer throws(Failure) in
            var written = buffer.extracting(target).mutableSpan
            return try body(UnsafeBufferPointer(buffer.extracting(source)).span, &written)
        }
    }
}
