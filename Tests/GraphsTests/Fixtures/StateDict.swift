/// A state_dict as PyTorch lists it, one tensor a line: its name and its shape (`features.conv0.weight 64x3x7x7`). The
/// counters num_batches_tracked are left out.
struct StateDict: Sendable {
    let parameters: [String]
    let buffers: [String]

    init(parameters: String, buffers: String) {
        self.parameters = parameters.split(separator: "\n").map(String.init)
        self.buffers = buffers.split(separator: "\n").map(String.init)
    }
}
