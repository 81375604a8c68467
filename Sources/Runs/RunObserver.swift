/// A part of the program that shows a run to people while it goes on: a report, a status page, TensorBoard's files.
///
/// One thread of rank 0 calls all observers, in the order of the events. Computing threads have priority over it, so an
/// observer may take its time; the others wait meanwhile. An observer that fails warns once and does not end the run.
package protocol RunObserver: AnyObject, Sendable {
    /// A line was added to `metrics.jsonl`.
    func didRecord(_ line: String)

    /// An evaluation is over, and its details are in the run's folder. Not called for an evaluation that a newer one
    /// has overtaken.
    func didEvaluate(_ detail: EvaluationDetail, weights: [WeightHistogram])

    /// The run has ended, with success or not; the observer writes all that remains before this returns.
    func didEnd()
}
