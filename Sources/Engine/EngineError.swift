internal import Kernels

/// The reasons why an engine cannot be made, or refuses a batch.
package enum EngineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The CPU lacks what a backend needs.
    case unsupported(backend: String, needs: String, available: [String])
    /// OpenBLAS cannot be loaded; `available` are the other backends that this CPU can run.
    case noOpenBLAS(reason: String, available: [String])
    /// More samples than the plan has capacity for.
    case batchTooLarge(found: Int, capacity: Int)
    /// The pixels of a batch do not make up its samples.
    case wrongImageCount(found: Int, expected: Int)
    /// A label outside of the network's classes.
    case labelOutOfRange(label: Int, classes: Int)
    /// The engine was made for evaluation only.
    case notTraining

    package var description: String {
        switch self {
        case .unsupported(let backend, let needs, let available):
            "this CPU cannot run --isa \(backend): it needs \(needs). Choose one of: "
                + "\(available.joined(separator: ", "))"
        case .noOpenBLAS(let reason, let available):
            "--isa openblas needs the library OpenBLAS, which cannot be loaded: \(reason). Install it (on Debian: "
                + "apt-get install libopenblas0)"
                + (available.isEmpty ? "" : ", or choose one of: \(available.joined(separator: ", "))")
        case .batchTooLarge(let found, let capacity):
            "a batch of \(found) samples was given where at most \(capacity) were planned for"
        case .wrongImageCount(let found, let expected):
            "a batch has \(found) pixel values, its samples need \(expected)"
        case .labelOutOfRange(let label, let classes):
            "a sample is labelled \(label), but the network has \(classes) classes (0 to \(classes - 1)); "
                + "raise --classes"
        case .notTraining:
            "this engine was made for evaluation and cannot train"
        }
    }
}
