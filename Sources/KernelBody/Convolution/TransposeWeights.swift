import CMachine
import KernelInterface

/// [outputs/32][taps][inputs][32] -> [inputs/32][order][outputs][32]; `task` is the block of 32 inputs.
func transposeWeights(_ arguments: UnsafePointer<TransposeArguments>, _ task: Int, _ worker: Int) {
    let inputs = arguments.pointee.inputs
    let outputs = arguments.pointee.outputs
    let taps = arguments.pointee.taps
    let firstInput = task &* blockLanes
    let inputCount = min(blockLanes, inputs &- firstInput)
    let block = taps &* inputs &* blockLanes
    var target = arguments.pointee.destination + task &* taps &* outputs &* blockLanes
    for place in 0..<taps {
        let tap = arguments.pointee.order[place]
        for output in stride(from: 0, to: outputs, by: squareSide) {
            let row = (blockIndex(output) &* taps &+ tap) &* inputs &+ firstInput
            let source = arguments.pointee.source + (row &* blockLanes &+ laneInBlock(output))
            let rows = min(squareSide, outputs &- output)
            for input in stride(from: 0, to: blockLanes, by: squareSide) {
                let first = target + (output &* blockLanes &+ input)
                // The next block of outputs lies far away, beyond the processor's own prefetching.
                for row in input..<(input &+ squareSide) { machine_prefetch(source + (row &* blockLanes &+ block)) }
                if input &+ squareSide <= inputCount {
                    transposeSquare(
                        source + input &* blockLanes, stride: blockLanes, to: first, stride: blockLanes, rows: rows)
                } else {
                    for i in 0..<rows {
                        for j in 0..<squareSide {
                            first[i &* blockLanes &+ j] =
                                input &+ j < inputCount ? source[(input &+ j) &* blockLanes &+ i] : 0
                        }
                    }
                }
            }
        }
        target += outputs &* blockLanes
    }
}

/// Adds the kernels of this file.
func addTransposeWeightsKernels(to table: inout KernelTable) {
    table.transposeWeights.body = transposeWeights
}
