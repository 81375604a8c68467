import CMachine
import KernelInterface

/// [outputs/32][taps][inputs][32] -> [inputs/32][order][outputs][32]; `task` is the block of 32 inputs.
func transposeWeights(_ arguments: UnsafePointer<TransposeArguments>, _ task: Int, _ worker: Int) {
    let inputs = arguments.pointee.inputs
    let outputs = arguments.pointee.outputs
    let taps = arguments.pointee.taps
    let firstInput = task &* 32
    let inputCount = min(32, inputs &- firstInput)
    let block = taps &* inputs &* 32
    var target = arguments.pointee.destination + task &* taps &* outputs &* 32
    for place in 0..<taps {
        let tap = arguments.pointee.order[place]
        for output in stride(from: 0, to: outputs, by: squareSide) {
            let row = ((output >> 5) &* taps &+ tap) &* inputs &+ firstInput
            let source = arguments.pointee.source + (row &* 32 &+ (output & 31))
            let rows = min(squareSide, outputs &- output)
            for input in stride(from: 0, to: 32, by: squareSide) {
                let first = target + (output &* 32 &+ input)
                // Those of the next block of outputs lie far from these, where the processor does not expect them.
                for row in input..<(input &+ squareSide) { machine_prefetch(source + (row &* 32 &+ block)) }
                if input &+ squareSide <= inputCount {
                    transposeSquare(source + input &* 32, stride: 32, to: first, stride: 32, rows: rows)
                } else {
                    for i in 0..<rows {
                        for j in 0..<squareSide {
                            first[i &* 32 &+ j] = input &+ j < inputCount ? source[(input &+ j) &* 32 &+ i] : 0
                        }
                    }
                }
            }
        }
        target += outputs &* 32
    }
}

/// The rows of this file.
func addTransposeWeightsKernels(to table: inout KernelTable) {
    table.transposeWeights.body = transposeWeights
}
