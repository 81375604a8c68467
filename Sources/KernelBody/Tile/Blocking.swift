import KernelInterface

extension Blocking {
    /// The place of a task: its group of samples, its row block among the group's, its part of the lanes.
    @inline(__always)
    func place(of task: Int) -> (group: Int, rowBlock: Int, laneTask: Int) {
        (task / laneTasks / rowBlocks, task / laneTasks % rowBlocks, task % laneTasks)
    }

    /// The slots of a group.
    @inline(__always)
    func slots(of group: Int, in batch: BatchLayout) -> Range<Int> {
        let first = group &* samplesPerGroup
        return first..<min(first &+ samplesPerGroup, batch.slots)
    }

    /// The lanes of a lane task, whole vectors of those that the tensor has.
    @inline(__always)
    func lanes(of laneTask: Int, channels: Int) -> Range<Int> {
        let first = laneTask &* lanesPerTask
        return first..<min(first &+ lanesPerTask, padded(channels))
    }
}
