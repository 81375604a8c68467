import Engine
import Testing

extension Backend {
    /// The backends of our own kernels that this CPU can run.
    ///
    /// - Throws: where there is none: a loop over none would pass by doing nothing.
    static var ours: [Backend] {
        get throws {
            let found = supported.filter { $0 != .openblas }
            try #require(!found.isEmpty, "no kernels of ours run on this CPU")
            return found
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// For tests of our own kernels, of which none run without AVX2.
    static var withOurKernels: Self { .enabled(if: Backend.avx2.isSupported, "this CPU runs OpenBLAS alone") }
}
