/// The blocking of a tensor that is written: groups of samples, blocks of their rows, parts of their channels.
///
/// Task index = (group * row blocks + row block) * laneTasks + lane task.
package struct Blocking: BitwiseCopyable {
    /// Samples of a task.
    package var samplesPerGroup = 1
    package var groups = 1
    /// Rows of a task: of outputs, of pixels one after the other (`RowAxis.pixels`), or of Winograd's tiles.
    package var rowsPerBlock = 1
    package var rowBlocks = 1
    /// Output lanes of a task, a multiple of 32.
    package var lanesPerTask = WeightLayout.block
    package var laneTasks = 1

    package init() {}

    package var tasks: Int { groups * rowBlocks * laneTasks }
}
