/// A part of the program that shows a run to people while it goes on: a report, a status page, TensorBoard's files.
///
/// One thread of rank 0 calls all observers, in the order in which things happen. It computes nothing and gives way to
/// those that do, so that an observer may take its time; the others wait meanwhile. An observer that fails warns once
/// and ends no run.
package protocol RunObserver: AnyObject, Sendable {
    /// A line was added to `metrics.jsonl`.
    func didRecord(_ line: String)

    /// An evaluation is over, and its details are in the run's folder. Not called for one that the next has overtaken.
    func didEvaluate(_ detail: EvaluationDetail, weights: [WeightHistogram])

    /// The run has ended, as a success or not; the observer writes all that is still to be written before this returns.
    func didEnd()
}
