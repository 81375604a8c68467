import CMachine

/// The processor's cores and instructions that a run computes with.
package struct ProcessorCheck: Hashable, Sendable {
    /// Cores that this process may use.
    let cores: Int
    let hasAVX2: Bool
    let hasAVX512: Bool

    /// Makes the check of this machine.
    package init(cores: Int) {
        self.init(cores: cores, hasAVX2: machine_has_avx2_fma(), hasAVX512: machine_has_avx512())
    }

    init(cores: Int, hasAVX2: Bool, hasAVX512: Bool) {
        self.cores = cores
        self.hasAVX2 = hasAVX2
        self.hasAVX512 = hasAVX512
    }

    /// - Parameter ranks: of this machine.
    package func finding(ranks: Int) -> Finding {
        let instructions = hasAVX512 ? "AVX-512" : hasAVX2 ? "AVX2 and FMA" : "neither AVX2 nor FMA"
        let found = "\(cores) \(cores == 1 ? "core" : "cores") with \(instructions)"
        if !hasAVX2 {
            return .warning(
                "processor", found, needed: "AVX2 and FMA for this program's own kernels",
                remedy: "OpenBLAS computes here, slower and with bits of its own; CPUs since Haswell and Zen have both")
        }
        if ranks > cores {
            return .warning(
                "processor", found, needed: "a core for each of \(ranks) ranks",
                remedy: "ranks take turns on cores: ask for fewer, or raise the quota of the control group")
        }
        return .ok("processor", found)
    }
}
