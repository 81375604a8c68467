@testable import Datasets

/// Images of one size that lie in memory: image i is i, i + 1, i + 2 … One of them is gone.
struct Ramps: Source {
    let name = "ramps"
    var classNames = ["even", "odd"]
    var channels = 3
    let side: Int
    var gone: Int? = 7
    var imageSize: Int? { side }
    func count(of split: Split) -> Int { 40 }
    func label(at index: Int, in split: Split) -> Int { index % 2 }
    func path(of index: Int, in split: Split) -> String { "ramp \(index)" }
    func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        if index == gone { throw SampleError("ramp \(index) is gone") }
        sample.form = .pixels(height: side, width: side)
        sample.bytes = (0..<side * side * channels).map { UInt8(truncatingIfNeeded: index + $0) }
    }
}
