extension StateDict {
    /// `nn.Sequential`'s lenet: parameters in the order of `named_parameters`, buffers in that of `named_buffers`.
    static let lenet = StateDict(
        parameters: """
            0.weight 6x1x5x5
            0.bias 6
            3.weight 16x6x5x5
            3.bias 16
            7.weight 120x400
            7.bias 120
            9.weight 84x120
            9.bias 84
            11.weight 10x84
            11.bias 10
            """,
        buffers: """
            """)
}
