/// The prediction of a network for one sample, and its loss.
package struct SampleOutcome: Hashable, Sendable {
    package let sampleID: UInt32
    package let label: Int32
    /// The class of the highest logit; of equal ones the first.
    package let predicted: Int32
    /// The softmax of the predicted class.
    package let probability: Float
    /// The cross-entropy with the label.
    package let loss: Float

    package init(sampleID: UInt32, label: Int32, predicted: Int32, probability: Float, loss: Float) {
        self.sampleID = sampleID
        self.label = label
        self.predicted = predicted
        self.probability = probability
        self.loss = loss
    }
}
