import KernelInterface

/// sums[0] = the tree sum of `shards` blocks of `count` floats, a multiple of 16, that lie `stride` apart.
@inline(__always)
func sumTree(_ sums: UnsafeMutablePointer<Float>, stride: Int, shards: Int, count: Int) {
    forEachPair(of: shards) { target, source in
        addFloats(count, from: sums + source &* stride, to: sums + target &* stride)
    }
}

func treeSum(_ arguments: UnsafePointer<TreeSumArguments>, _ task: Int, _ worker: Int) {
    let first = task &* arguments.pointee.chunk
    let count = min(arguments.pointee.chunk, arguments.pointee.count &- first)
    // Small pieces, so that all shards' stay in the first-level cache.
    var offset = first
    while offset < first &+ count {
        let piece = min(512, first &+ count &- offset)
        let base = arguments.pointee.partials + offset
        sumTree(base, stride: arguments.pointee.partialStride, shards: arguments.pointee.shards, count: piece)
        copyFloats(piece, from: UnsafePointer(base), to: arguments.pointee.destination + offset)
        offset &+= piece
    }
}

/// Adds the kernel of this file.
func addTreeSumKernels(to table: inout KernelTable) { table.treeSum.body = treeSum }
