/// The sizes of row and channel blocks, so that they fit the caches.
enum BlockSizes {
    /// Floats of source that one task keeps in the second-level cache.
    static let sourceFloats = 40_960
    /// Floats of source and destination, where the destination is summed. The cache also holds as much again of what
    /// its sums read, and of what is prefetched for the next task.
    static let summedFloats = 32_768
    /// Floats of x and dy that a task on a weight gradient keeps in the second-level cache.
    static let rowBlockFloats = 106_496
    /// Pixels of x and dy that a register tile of a weight gradient passes over. It reads a line or two of each, which
    /// the next tiles find in the first-level cache.
    static let rowBlockPixels = 112
    /// Floats of the sums that a task on a weight gradient keeps in the second-level cache, beside them.
    static let taskSums = 65_536
    /// Blocks of a weight gradient's inputs and outputs for each thread from which on tasks need not be single shards'
    /// to be enough: `enoughBlocks` for sums over taps, `enoughWinogradBlocks` for Winograd, whose blocks are larger.
    static let enoughBlocks = 8
    static let enoughWinogradBlocks = 4
    /// Inputs of a task on a linear layer's data gradient at most: whole register tiles of any height. `linearBlocks`
    /// is the most blocks of 32 outputs of a task on its weights' gradient.
    static let linearInputs = 84
    static let linearBlocks = 4
    /// Weights of a linear layer that tasks read once each, as they are in a cache. Beyond, a task has all samples.
    static let linearWeights = 65_536
    /// K iterations of a batch-reduce GEMM element at most, so that blocks of weights fit the caches.
    static let elementLength = 1024
    /// Tasks below which lanes are divided too.
    static let enoughTasks = 8
    /// Floats of those copies of a small map that join its rows. Rows are joined where register tiles are lower than
    /// `lowTile` rows: such a tile's accumulators are fewer than multiplications take to finish.
    static let joinedFloats = 131_072
    static let lowTile = 5
    /// A multiple of every tile height.
    static let pixelBlock = 84
    /// Channels from which on Winograd is faster than the sum over taps.
    static let winogradChannels = 16
    /// Numbers of a channel in the transform domain that a task works on at a time: of some full register tiles, which
    /// fit the second-level cache.
    static let transformedNumbers = 1008
    /// Floats of transformed weights beyond which caches do not keep them for the next task. `streamedNumbers`
    /// takes the place of `transformedNumbers` then.
    static let cachedWeights = 4_000_000
    static let streamedNumbers = 2304
    /// Winograd tiles of a task on a weight gradient at a time; its sums are read and written once for them all.
    static let summedPatches = 64
    /// Floats of its transformed sums that a task on a weight gradient keeps: the more, the less often are x and dy
    /// transformed.
    static let tileElementSums = 1_179_648
    /// Inputs whose weights a task transforms.
    static let transformedInputs = 64
    /// Rows of its source that should fit the cache of a task of a depthwise convolution.
    static let depthwiseRows = 8
}
