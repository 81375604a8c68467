import KernelInterface

/// Zeroes the weights between different groups in a gradient of merged groups. One task a super-group.
func maskGroups(_ arguments: UnsafePointer<GroupMaskArguments>, _ task: Int, _ worker: Int) {
    let inputs = arguments.pointee.inputs
    let outputs = arguments.pointee.outputs
    var row = arguments.pointee.gradient + task &* arguments.pointee.stride
    for block in 0..<blockCount(outputs) {
        for _ in 0..<arguments.pointee.taps {
            for input in 0..<inputs {
                let group = input / arguments.pointee.inputsPerGroup
                for lane in 0..<blockLanes
                where (block &* blockLanes &+ lane) / arguments.pointee.outputsPerGroup != group {
                    row[lane] = 0
                }
                row += blockLanes
            }
        }
    }
}

/// Adds the kernels of this file.
func addGroupMaskKernels(to table: inout KernelTable) {
    table.maskGroups.body = maskGroups
}
