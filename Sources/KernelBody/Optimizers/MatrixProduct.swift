import KernelInterface

// Products of matrices in panels of 32 columns, [columns/32][rows][32]. Rows and columns are multiples of 32, padded
// with zeros.

/// c = productScale * (a * b) + addendScale * addend. Each element's product is one chain along the steps. Task index =
/// panel of columns * blocks of 32 rows + block.
func matrixProduct(_ arguments: UnsafePointer<MatrixArguments>, _ task: Int, _ worker: Int) {
    let rows = arguments.pointee.rows
    let (panel, first) = (task / (rows / 32), task % (rows / 32) &* 32)
    let source = arguments.pointee.a + first &* 32
    let weights = arguments.pointee.b + panel &* arguments.pointee.steps &* 32
    let place = (panel &* rows &+ first) &* 32
    let target = arguments.pointee.c + place
    forEachTile(0..<32) { lane, isWide in
        var row = 0
        var tiles = tileCount(32)
        while tiles > 0 {
            let height = nextHeight(32 &- row, tiles: tiles)
            var job = MultiplyJob(
                source: source + row &* 32, sourceStride: 32, weights: weights + lane,
                elements: arguments.pointee.elements, elementCount: arguments.pointee.steps / 32, initial: nil,
                initialStride: 32, destination: target + (row &* 32 &+ lane), destinationStride: 32,
                prefetch: Prefetch(nothingAt: weights))
            Multiply<Broadcast>.run(height: height, isWide: isWide, &job)
            row &+= height
            tiles &-= 1
        }
    }
    let scale = Vector(repeating: arguments.pointee.productScale)
    let addendScale = Vector(repeating: arguments.pointee.addendScale)
    var i = 0
    while i < 32 &* 32 {
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
    let (panel, block) = (task / (rows / 32), task % (rows / 32))
    let source = arguments.pointee.a + (panel &* rows &+ block &* 32) &* 32
    let target = arguments.pointee.c + (block &* arguments.pointee.steps &+ panel &* 32) &* 32
    for row in stride(from: 0, to: 32, by: squareSide) {
        for column in stride(from: 0, to: 32, by: squareSide) {
            transposeSquare(
                source + (row &* 32 &+ column), stride: 32, to: target + (column &* 32 &+ row), stride: 32,
                rows: squareSide)
        }
    }
}

/// The rows of this file.
func addMatrixProductKernels(to table: inout KernelTable) {
    table.matrixProduct.body = matrixProduct
    table.matrixTranspose.body = matrixTranspose
}
