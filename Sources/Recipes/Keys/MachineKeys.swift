extension RecipeKey {
    /// Keys of the machine.
    static let machine: [RecipeKey] = [
        RecipeKey(
            "threads", \.threads, .integer(in: 1...1024), in: .machine,
            otherwise: "cores that the program may use / ranks on this machine",
            "Compute threads of each rank.",
            alsoKnownAs: ["num_threads"], whenResumed: .changesFreely),
        RecipeKey(
            "isa", \.instructionSet, .choice(), in: .machine, default: Default.instructionSet,
            """
            What computes: kernels for an instruction set of the CPU, or OpenBLAS. `auto` is the widest that the CPU \
            has.
            """,
            alsoKnownAs: ["instruction_set", "backend"]),
        RecipeKey(
            "convolution", \.convolution, .choice(), in: .machine, default: Default.convolution,
            """
            How 3x3 convolutions are computed. `winograd` (F(m x m, 3 x 3)) has less than half the products at \
            stride 1 and seven tenths at stride 2; `direct` sums over the taps.
            """),
    ]
}
