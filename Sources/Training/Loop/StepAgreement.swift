/// The requests that ranks send each other with the sums of a step, so that all of them do the same after it.
struct StepAgreement {
    /// Whether any rank was asked to save its state and end.
    let isStopAsked: Bool
    /// Whether a checkpoint is due by rank 0's clock.
    let isCheckpointDue: Bool
    /// Whether rank 0 has timed enough steps to compute how many fit into the run's time.
    let isFitDue: Bool

    /// The requests before the first step: none.
    static let none = StepAgreement(isStopAsked: false, isCheckpointDue: false, isFitDue: false)
}

extension StepAgreement {
    /// This rank's part of the sums.
    var numbers: [Double] { [isStopAsked, isCheckpointDue, isFitDue].map { $0 ? 1 : 0 } }

    /// Reads the sums of all ranks' parts.
    init(sums: ArraySlice<Double>) {
        let sums = Array(sums)
        precondition(sums.count == 3, "\(sums.count) sums for an agreement")
        self.init(isStopAsked: sums[0] > 0, isCheckpointDue: sums[1] > 0, isFitDue: sums[2] > 0)
    }
}
