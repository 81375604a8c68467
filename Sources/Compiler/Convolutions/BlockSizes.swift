/// The sizes of row and channel blocks, so that they fit the caches.
enum BlockSizes {
    /// The floats of its source that a task keeps in the second-level cache.
    static let sourceFloats = 40_960
    /// The floats of source and destination together, where the destination is summed. The cache also holds as much
    /// again of what the sums read and of what is prefetched for the next task.
    static let summedFloats = 32_768
    /// The floats of x and dy that a task of a weight gradient keeps in the second-level cache.
    static let rowBlockFloats = 106_496
    /// The pixels of x and dy that a register tile of a weight gradient passes over. It reads one or two cache lines of
    /// each, and the next tiles find these in the first-level cache.
    static let rowBlockPixels = 112
    /// The floats of sums that a task of a weight gradient keeps in the second-level cache besides x and dy.
    static let taskSums = 65_536
    /// The blocks of a weight gradient's inputs and outputs for each thread that are enough tasks without dividing them
    /// by shard: `enoughBlocks` for sums over taps, `enoughWinogradBlocks` for Winograd, whose blocks are larger.
    static let enoughBlocks = 8
    static let enoughWinogradBlocks = 4
    /// The most inputs of a task of a linear layer's data gradient: whole register tiles of any height. `linearBlocks`
    /// is the most blocks of 32 outputs of a task of its weight gradient.
    static let linearInputs = 84
    static let linearBlocks = 4
    /// The most weights of a linear layer that stay in a cache, so that several tasks may read them. With more, a task
    /// has all samples.
    static let linearWeights = 65_536
    /// The most K iterations of a batch-reduce GEMM element, so that blocks of weights fit the caches.
    static let elementLength = 1024
    /// The number of tasks below which lanes are divided too.
    static let enoughTasks = 8
    /// The most floats of the copies that join the rows of a small map. Rows are joined where register tiles would have
    /// fewer than `lowTile` rows: such a tile has fewer accumulators than multiply-adds in flight.
    static let joinedFloats = 131_072
    static let lowTile = 5
    /// A multiple of every tile height.
    static let pixelBlock = 84
    /// The number of channels from which on Winograd is faster than the sum over taps.
    static let winogradChannels = 16
    /// The numbers of a channel in the transform domain that a task works on at a time: several full register tiles
    /// that fit the second-level cache.
    static let transformedNumbers = 1008
    /// The most floats of transformed weights that caches keep for the next task. With more, `streamedNumbers` takes
    /// the place of `transformedNumbers`.
    static let cachedWeights = 4_000_000
    static let streamedNumbers = 2304
    /// The Winograd tiles that a task of a weight gradient works on at a time; it reads and writes its sums once for
    /// all of them.
    static let summedPatches = 64
    /// The floats of transformed sums that a task of a weight gradient keeps: the more, the less often x and dy are
    /// transformed.
    static let tileElementSums = 1_179_648
    /// The number of inputs whose weights a task transforms.
    static let transformedInputs = 64
    /// The rows of its source that should fit the cache of a task of a depthwise convolution.
    static let depthwiseRows = 8
}
