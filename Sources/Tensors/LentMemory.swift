/// A buffer that its owner lends to another thread.
///
/// Unchecked: owner and borrower agree on which of them uses which part when, for instance by a lock that protects the
/// set of finished parts. The memory stays as long as this value does.
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

    /// Calls `body` with a part of the memory, to read and write while no other thread uses it.
    package func withMutableSpan<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (inout MutableSpan<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) elements was asked for")
        let buffer = UnsafeMutableBufferPointer(start: baseAddress + range.lowerBound, count: range.count)
        var span = buffer.mutableSpan
        return try body(&span)
    }
}
