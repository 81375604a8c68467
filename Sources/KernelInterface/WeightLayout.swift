/// The layout of packed weights: [outputs / 32][taps][inputs][32], unused lanes zero.
package enum WeightLayout {
    /// The outputs of a channel block, which lie side by side: two vectors of the widest lanes.
    package static var block: Int { 32 }

    /// Returns the channel blocks that hold some outputs.
    package static func blocks(_ outputs: Int) -> Int { (outputs + block - 1) / block }

    /// Returns the outputs of whole channel blocks that hold some outputs.
    package static func padded(_ outputs: Int) -> Int { blocks(outputs) * block }
}
