internal import Compiler
internal import Machine

extension Engine {
    /// The name that OpenBLAS gives to the CPU whose kernels it uses; nil where our own kernels compute.
    ///
    /// `Haswell` on a CPU with AVX-512, which the user must have set as `OPENBLAS_CORETYPE`, computes at half the CPU's
    /// speed.
    package var openBLASCore: String? { openBLAS?.chosenCore }

    /// Returns the library for a backend's products; nil for our own kernels.
    ///
    /// - Throws: `EngineError.noOpenBLAS`
    static func openBLAS(for configuration: EngineConfiguration) throws(EngineError) -> OpenBLAS? {
        guard configuration.backend == .openblas else { return nil }
        do {
            var library = try OpenBLAS.loaded()
            library.threads = configuration.threads
            return library
        } catch {
            throw EngineError(error)
        }
    }
}

extension EngineError {
    init(_ error: NoSharedLibrary) {
        self = .noOpenBLAS(
            reason: error.reason, available: Backend.supported.filter { $0 != .openblas }.map(\.rawValue))
    }
}

extension EngineConfiguration {
    /// Returns the algorithms that compute convolutions.
    ///
    /// - Parameter openBLAS: the library that computes products; nil for our own kernels.
    func algorithms(_ openBLAS: OpenBLAS?) -> ConvolutionAlgorithms {
        ConvolutionAlgorithms(openBLAS: openBLAS, usesWinograd: usesWinograd)
    }
}
