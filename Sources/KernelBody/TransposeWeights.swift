import KernelInterface

/// [outputs/32][taps][inputs][32] -> [inputs/32][order][outputs][32]; `task` is the block of 32 inputs.
func transposeWeights(_ arguments: UnsafePointer<TransposeArguments>, _ task: Int, _ worker: Int) {
    let inputs = arguments.pointee.inputs
    let outputs = arguments.pointee.outputs
    let taps = arguments.pointee.taps
    let firstInput = task &* 32
    let inputCount = min(32, inputs &- firstInput)
    var target = arguments.pointee.destination + task &* taps &* outputs &* 32
    for place in 0..<taps {
        let tap = arguments.pointee.order[place]
        for output in 0..<outputs {
            let row = ((output >> 5) &* taps &+ tap) &* inputs &+ firstInput
            var source = arguments.pointee.source + (row &* 32 &+ (output & 31))
            for i in 0..<inputCount {
                target[i] = source.pointee
                source += 32
            }
            for i in inputCount..<32 { target[i] = 0 }
            target += 32
        }
    }
}
