import CMachine
import KernelInterface

// Gradients of linear layers, y[n, k] = bias[k] + sum over i of x[n, i] * w[i, k], whose weights are more than any
// cache holds: both pass over them once.
//
//   dx[n, i] = sum over k of dy[n, k] * w[i, k]       rows of a tile are inputs i, lanes samples n: weights as stored
//   dw[i, k] = sum over n of x[n, i] * dy[n, k]       rows are inputs i, lanes outputs k

/// dy to lanes of samples. Slots without a sample count as zeros. Task index = group of 32 slots * blocks + block of 32
/// outputs.
func packOutputGradient(_ arguments: UnsafePointer<LinearGradientArguments>, _ task: Int, _ worker: Int) {
    let batch = arguments.pointee.batch
    let gradient = arguments.pointee.outputGradient
    let outputs = gradient.channels
    let blocks = blockCount(outputs)
    let firstSlot = task / blocks &* blockLanes
    let firstOutput = task % blocks &* blockLanes
    let square = arguments.pointee.scratch + worker &* arguments.pointee.scratchStride
    for half in stride(from: 0, to: blockLanes, by: squareSide) {
        for i in 0..<squareSide {
            let slot = firstSlot &+ half &+ i
            let row = square + i &* blockLanes
            if slot < batch.slots && batch.isActive(slot) {
                copyFloats(min(blockLanes, outputs &- firstOutput), from: gradient.sample(slot) + firstOutput, to: row)
            } else {
                zeroFloats(blockLanes, at: row)
            }
        }
        for output in stride(from: firstOutput, to: min(firstOutput &+ blockLanes, outputs), by: squareSide) {
            transposeSquare(
                square + (output &- firstOutput), stride: blockLanes,
                to: arguments.pointee.packed + (firstSlot &* outputs &+ output &* blockLanes &+ half),
                stride: blockLanes,
                rows: min(squareSide, outputs &- output))
        }
    }
}

/// dx of some inputs, for some samples. Task index = slot task * inputTasks + input task.
func linearDataGradient(_ arguments: UnsafePointer<LinearGradientArguments>, _ task: Int, _ worker: Int) {
    let input = arguments.pointee.input
    let outputs = arguments.pointee.outputGradient.channels
    let firstRow = task % arguments.pointee.inputTasks &* arguments.pointee.perTask
    let count = min(arguments.pointee.perTask, input.height &* input.width &* input.channels &- firstRow)
    let sums = arguments.pointee.scratch + worker &* arguments.pointee.scratchStride
    let scratch = sums + (count &+ squareSide) &* blockLanes
    var firstSlot = task / arguments.pointee.inputTasks &* arguments.pointee.slotsPerTask
    let endSlot = min(firstSlot &+ arguments.pointee.slotsPerTask, arguments.pointee.batch.slots)
    while firstSlot < endSlot {
        if let addend = arguments.pointee.epilogue.addend {
            forEachSquare(arguments, firstSlot, firstRow, count) { square in
                square.copy(from: addend, to: scratch)
                transposeSquare(
                    scratch, stride: squareSide, to: sums + square.place, stride: blockLanes, rows: square.inputs)
            }
        }
        var output = 0
        while output < outputs {
            let length = min(blockLanes, outputs &- output)
            var element = ReduceElement(source: 0, weight: 0, length: length)
            let weights =
                arguments.pointee.weights
                + (blockIndex(output) &* arguments.pointee.weightBlockStride &+ firstRow &* blockLanes)
            multiplyRows(
                weights, by: arguments.pointee.packed + (firstSlot &* outputs &+ output &* blockLanes), &element, count,
                next: length == blockLanes ? weights + arguments.pointee.weightBlockStride : nil,
                isFirst: output == 0 && arguments.pointee.epilogue.addend == nil, sums: sums)
            output &+= blockLanes
        }
        forEachSquare(arguments, firstSlot, firstRow, count) { square in
            // The places after the inputs of the last square hold numbers that are not used.
            transposeSquare(
                sums + square.place, stride: blockLanes, to: scratch, stride: squareSide, rows: square.slots.count)
            if let activation = arguments.pointee.epilogue.activation, let activated = activation.activated {
                let y = scratch + squareSide &* squareSide
                square.copy(from: activated, to: y)
                activation(
                    scratch, stride: squareSide, count: square.slots.count, channels: square.inputs,
                    activated: UnsafePointer(y), activatedStride: squareSide)
            }
            square.copy(UnsafePointer(scratch), to: input)
        }
        firstSlot &+= blockLanes
    }
}

/// sums += weights of `count` inputs and 32 outputs * packed dy, for 32 samples. Prefetches `next`, the next outputs'
/// weights of the same inputs, which lie far from these.
@inline(__always)
private func multiplyRows(
    _ weights: UnsafePointer<Float>, by gradient: UnsafePointer<Float>, _ element: UnsafePointer<ReduceElement>,
    _ count: Int,
    next: UnsafePointer<Float>?, isFirst: Bool, sums: UnsafeMutablePointer<Float>
) {
    forEachTile(0..<blockLanes) { lane, isWide in
        var row = 0
        var tiles = tileCount(count)
        while tiles > 0 {
            let height = nextHeight(count &- row, tiles: tiles)
            if lane == 0, let next {
                for i in 0..<height {
                    machine_prefetch(next + (row &+ i) &* blockLanes)
                    machine_prefetch(next + (row &+ i) &* blockLanes + 16)
                }
            }
            let target = sums + (row &* blockLanes &+ lane)
            var job = MultiplyJob(
                source: weights + row &* blockLanes, sourceStride: blockLanes, weights: gradient + lane,
                elements: element, elementCount: 1, initial: isFirst ? nil : UnsafePointer(target),
                initialStride: blockLanes, destination: target, destinationStride: blockLanes,
                prefetch: Prefetch(nothingAt: gradient))
            Multiply<Broadcast>.run(height: height, isWide: isWide, &job)
            row &+= height
            tiles &-= 1
        }
    }
}

/// A vector's worth, at most, of one pixel's inputs and of samples: between maps, where inputs are adjacent, and a
/// task's sums, where samples are.
private struct Square {
    var batch: BatchLayout
    var slots: Range<Int>
    var pixel: Int
    var firstInput: Int
    var inputs: Int
    /// The index of the square's first number in the sums.
    var place: Int

    /// Copies from a map to a square [samples][inputs].
    @inline(__always)
    func copy(from map: TensorView, to square: UnsafeMutablePointer<Float>) {
        for slot in slots where batch.isActive(slot) {
            copyFloats(
                inputs, from: UnsafePointer(element(map, slot)), to: square + (slot &- slots.lowerBound) &* squareSide)
        }
    }

    /// Copies a square [samples][inputs] to a map.
    @inline(__always)
    func copy(_ square: UnsafePointer<Float>, to map: TensorView) {
        for slot in slots where batch.isActive(slot) {
            copyFloats(inputs, from: square + (slot &- slots.lowerBound) &* squareSide, to: element(map, slot))
        }
    }

    @inline(__always)
    private func element(_ map: TensorView, _ slot: Int) -> UnsafeMutablePointer<Float> {
        map.sample(slot) + (pixel &* map.pixelStride &+ firstInput)
    }
}

/// Calls `body` with the squares that `count` inputs and 32 samples fall into.
@inline(__always)
private func forEachSquare(
    _ arguments: UnsafePointer<LinearGradientArguments>, _ firstSlot: Int, _ firstRow: Int, _ count: Int,
    _ body: (Square) -> Void
) {
    let batch = arguments.pointee.batch
    let channels = arguments.pointee.input.channels
    var row = 0
    while row < count {
        let firstInput = (firstRow &+ row) % channels
        let inputs = min(squareSide, channels &- firstInput, count &- row)
        for slot in stride(from: firstSlot, to: min(firstSlot &+ blockLanes, batch.slots), by: squareSide) {
            body(
                Square(
                    batch: batch, slots: slot..<min(slot &+ squareSide, batch.slots),
                    pixel: (firstRow &+ row) / channels, firstInput: firstInput, inputs: inputs,
                    place: row &* blockLanes &+ slot &- firstSlot))
        }
        row &+= inputs
    }
}

/// A tile of a weight gradient: all shards' samples.
private struct OpenSampleJob<Member: EmptyMember> {
    var batch: BatchLayout
    var schedule: UnsafePointer<ShardSumStep>
    /// [slots][16]
    var x: UnsafePointer<Float>
    /// [slots][tile's lanes]
    var gradient: UnsafePointer<Float>
    /// Memory for sums that wait for their partner in the shards' tree.
    var waiting: UnsafeMutablePointer<Float>
    var destination: UnsafeMutablePointer<Float>
    var member = Member()
}

private typealias SampleJob = OpenSampleJob<Nothing>

/// The sums over samples. Shards have few samples, so registers hold as much of their tree as possible.
private enum SumSamples: TileLoop {
    @inline(never)
    static func run<T: Tile>(_ tile: T.Type, _ job: UnsafePointer<SampleJob>) {
        let batch = job.pointee.batch
        var waiting = job.pointee.waiting
        T.prefetch(job.pointee.destination, blockLanes)
        for summand in 0..<batch.shards {
            let shard = job.pointee.schedule[summand].shard
            let firstSlot = shard &* batch.shardCapacity
            var x = job.pointee.x + firstSlot &* 16
            var gradient = job.pointee.gradient + firstSlot &* tileLanes
            var sums = T.zero
            for _ in 0..<batch.shardSizes[shard] {
                sums.accumulate(Broadcast.self, x, 1, vector(gradient), vector(gradient + lanes))
                x += 16
                gradient += tileLanes
            }
            for _ in 0..<job.pointee.schedule[summand].merges {
                waiting -= tileRows &* blockLanes
                sums.add(UnsafePointer(waiting), blockLanes)
            }
            if summand &+ 1 == batch.shards {
                sums.store(job.pointee.destination, blockLanes)
            } else {
                sums.store(waiting, blockLanes)
                waiting += tileRows &* blockLanes
            }
        }
    }
}

/// dw of some outputs, all inputs.
func linearWeightGradient(_ arguments: UnsafePointer<LinearGradientArguments>, _ task: Int, _ worker: Int) {
    let batch = arguments.pointee.batch
    let input = arguments.pointee.input
    let gradient = arguments.pointee.outputGradient
    let firstLane = task &* arguments.pointee.perTask
    let part = firstLane..<min(firstLane &+ arguments.pointee.perTask, padded(gradient.channels))
    let dy = arguments.pointee.scratch + worker &* arguments.pointee.scratchStride
    let x = dy + batch.slots &* arguments.pointee.perTask
    let waiting = x + batch.slots &* 16
    forEachTile(0..<part.count) { lane, isWide in
        for slot in 0..<batch.slots {
            let target = dy + lane &* batch.slots + slot &* tileLanes
            copyFloats(
                isWide ? tileLanes : lanes, from: UnsafePointer(gradient.sample(slot)) + firstLane + lane, to: target)
            // The lanes after the last output may have any contents.
            let used = gradient.channels &- firstLane &- lane
            if used < tileLanes { zeroFloats(tileLanes &- used, at: target + used) }
        }
    }
    for pixel in 0..<(input.height &* input.width) {
        var first = 0
        while first < input.channels {
            let height = min(tileRows, input.channels &- first)
            // Whole vectors, which end where the pixel's memory does.
            let start = min(first, padded(input.channels) &- 16)
            for slot in 0..<batch.slots {
                copyFloats(
                    16, from: UnsafePointer(input.sample(slot) + pixel &* input.pixelStride + start), to: x + slot &* 16
                )
            }
            let row = pixel &* input.channels &+ first
            forEachTile(0..<part.count) { lane, isWide in
                let block = blockIndex(firstLane &+ lane) &* arguments.pointee.weightBlockStride
                var job = SampleJob(
                    batch: batch, schedule: arguments.pointee.schedule, x: UnsafePointer(x + (first &- start)),
                    gradient: UnsafePointer(dy + lane &* batch.slots), waiting: waiting,
                    destination: arguments.pointee.gradient + block + (row &* blockLanes &+ laneInBlock(lane)))
                SumSamples.run(height: height, isWide: isWide, &job)
            }
            first &+= height
        }
    }
}

/// Adds the kernels of this file.
func addLinearGradientsKernels(to table: inout KernelTable) {
    table.packOutputGradient.body = packOutputGradient
    table.linearDataGradient.body = linearDataGradient
    table.linearWeightGradient.body = linearWeightGradient
}
