/// A part of the program that shows a run to people while it goes on: a report, a status page, TensorBoard's files.
///
/// Rank 0's training thread calls it between steps and must not be delayed: long work is done on a thread of the
/// observer's own. An observer that fails warns once and ends no run.
package protocol RunObserver: AnyObject, Sendable {
    /// A line was added to `metrics.jsonl`.
    func didRecord(_ line: String)

    /// An evaluation is over, and its details are in the run's folder.
    func didEvaluate(_ detail: EvaluationDetail, weights: [WeightHistogram])

    /// The run has ended, as a success or not; the observer writes all that is still to be written before this returns.
    func didEnd()
}
