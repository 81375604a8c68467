/// What ranks tell each other along with the sums of a step, so that all of them do the same after it.
struct StepAgreement {
    /// Whether any rank was asked to save its state and leave.
    let isStopAsked: Bool
    /// Whether rank 0's clock says that a checkpoint is due.
    let isCheckpointDue: Bool

    /// Before the first step.
    static let none = StepAgreement(isStopAsked: false, isCheckpointDue: false)
}

extension StepAgreement {
    /// This rank's part of the sums.
    var numbers: [Double] { [isStopAsked ? 1 : 0, isCheckpointDue ? 1 : 0] }

    /// What all ranks' parts add up to.
    init(sums: ArraySlice<Double>) {
        let sums = Array(sums)
        precondition(sums.count == 2, "\(sums.count) sums for an agreement")
        self.init(isStopAsked: sums[0] > 0, isCheckpointDue: sums[1] > 0)
    }
}
