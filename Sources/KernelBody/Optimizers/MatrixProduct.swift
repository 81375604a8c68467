import KernelInterface

// Products of matrices in panels of 32 columns, [columns/32][rows][32]. Rows and columns are multiples of 32, padded
// with zeros.

/// c = productScale * (a * b) + addendScale * addend. Each element's product is one chain along the steps. Task index =
/// panel of columns * blocks of 32 rows + block.
func matrixProduct(_ arguments: UnsafePointer<MatrixArguments>, _ task: Int, _ worker: Int) {
    let rows = arguments.pointee.rows
    let (panel, first) = (task / (rows / blockLanes), task % (rows / blockLanes) &* blockLanes)
    let source = arguments.pointee.a + first &* blockLanes
    let weights = arguments.pointee.b + panel &* arguments.pointee.steps &* blockLanes
    let place = (panel &* rows &+ first) &* blockLanes
    let target = arguments.pointee.c + place
    forEachTile(0..<blockLanes) { lane, isWide in
        var row = 0
        var tiles = tileCount(blockLanes)
        while tiles > 0 {
            let height = nextHeight(blockLanes &- row, tiles: tiles)
            var job = MultiplyJob(
                source: source + row &* blockLanes, sourceStride: blockLanes, weights: weights + lane,
                elements: arguments.pointee.elements, elementCount: arguments.pointee.steps / blockLanes, initial: nil,
                initialStride: blockLanes, destination: target + (row &* blockLanes &+ lane),
                destinationStride: blockLanes,
                prefetch: Prefetch(nothingAt: weights))
            Multiply<Broadcast>.run(height: height, isWide: isWide, &job)
            row &+= height
            tiles &-= 1
        }
    }
    let scale = Vector(repeating: arguments.pointee.productScale)
    let addendScale = Vector(repeating: arguments.pointee.addendScale)
    var i = 0
    while i < blockLanes &* blockLanes {
        var value = vector(target + i) * scale
        if let addend = arguments.pointee.addend {
            value = value.addingProduct(addendScale, vector(addend + (place &+ i)))
        }
        put(value, target + i)
        i &+= lanes
    }
}

/// c = a transposed, of `rows` and `steps` columns. Task index = panel of a's columns * blocks of 32 rows + block.
func matrixTranspose(_ arguments: UnsafePointer<MatrixArguments>, _ task: Int, _ worker: Int) {
    let rows = arguments.pointee.rows
    let (panel, block) = (task / (rows / blockLanes), task % (rows / blockLanes))
    let source = arguments.pointee.a + (panel &* rows &+ block &* blockLanes) &* blockLanes
    let target = arguments.pointee.c + (block &* arguments.pointee.steps &+ panel &* blockLanes) &* blockLanes
    for row in stride(from: 0, to: blockLanes, by: squareSide) {
        for column in stride(from: 0, to: blockLanes, by: squareSide) {
            transposeSquare(
                source + (row &* blockLanes &+ column), stride: blockLanes, to: target + (column &* blockLanes &+ row),
                stride: blockLanes,
                rows: squareSide)
        }
    }
}

/// Adds the kernels of this file.
func addMatrixProductKernels(to table: inout KernelTable) {
    table.matrixProduct.body = matrixProduct
    table.matrixTranspose.body = matrixTranspose
}
