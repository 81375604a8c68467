/// A buffer that its owner lends to another thread.
///
/// Unchecked: owner and borrower agree on which of them uses which part when, as by a lock that says which parts are
/// finished. The memory itself stays as long as somebody holds this.
package struct LentMemory<Element: BitwiseCopyable>: @unchecked Sendable {
    package let count: Int
    /// The first element. Only targets made for pointers (Kernels, Engine's lowering) reach for it.
    package let baseAddress: UnsafeMutablePointer<Element>
    private let owner: AnyObject

    /// - Parameter owner: keeps the memory alive.
    package init(_ start: UnsafeMutablePointer<Element>, count: Int, owner: AnyObject) {
        baseAddress = start
        self.count = count
        self.owner = owner
    }

    /// A part of it, to read and write while nobody else touches it.
    package func withMutableSpan<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (inout MutableSpan<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) elements was asked for")
        let buffer = UnsafeMutableBufferPointer(start: baseAddress + range.lowerBound, count: range.count)
        var span = buffer.mutableSpan
        return try body(&span)
    }
}
