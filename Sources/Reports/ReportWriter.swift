import Foundation
package import Runs
import Synchronization
package import Tensors
import Terminal

/// A writer of a run's `report.html` while the run goes on: after evaluations, and now and then between them.
///
/// The caller keeps evaluations rare enough. Between them, this writer's own pages take a small part of the run.
package final class ReportWriter: RunObserver {
    private let folder: RunFolder
    private let warn: @Sendable (String) -> Void
    private let clock: @Sendable () -> Double
    private let processorTime: @Sendable () -> Double
    private let state: Mutex<State>

    private struct State {
        var isWarned = false
        /// The time from which on a page is made without an evaluation, in seconds of `clock`.
        var latestTime: Double
    }

    /// Seconds without a page at most, where a page takes little processor time.
    private static let period = 60.0
    /// The pause after a page until one without an evaluation, as a multiple of its processor time: that of a long run
    /// takes seconds.
    private static let pauseFactor = 400.0

    /// - Parameters:
    ///   - folder: an existing one.
    ///   - facts: written beside the page.
    ///   - clock: seconds that never decrease.
    ///   - processorTime: the seconds that the calling thread has computed.
    ///   - warn: called once where a page cannot be written. The run continues.
    package init(
        folder: RunFolder, facts: RunFacts?, clock: @escaping @Sendable () -> Double = monotonicSeconds,
        processorTime: @escaping @Sendable () -> Double = processorSeconds,
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.warn = warn
        self.clock = clock
        self.processorTime = processorTime
        state = Mutex(State(latestTime: clock() + Self.period))
        if let facts { attempt { try Self.write(facts, to: folder) } }
    }

    package func didRecord(_ line: String) {
        let now = clock()
        if state.withLock({ $0.latestTime <= now }) { writePage() }
    }

    package func didEvaluate(_ detail: EvaluationDetail, weights: [WeightHistogram]) { writePage() }

    package func didEnd() { writePage(isRunning: false) }

    private func writePage(isRunning: Bool = true) {
        let start = processorTime()
        attempt {
            let page = RunPage(try RunHistory(folder: folder, isRunning: isRunning))
            try ChartFiles.save(page.html(), to: folder.report)
        }
        let latestTime = clock() + max(Self.period, Self.pauseFactor * (processorTime() - start))
        state.withLock { $0.latestTime = latestTime }
    }

    private static func write(_ facts: RunFacts, to folder: RunFolder) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = String(decoding: try encoder.encode(facts), as: UTF8.self)
        try ChartFiles.save(json.visibleJSON + "\n", to: folder.facts)
    }

    private func attempt(_ write: () throws -> Void) {
        do {
            try write()
        } catch {
            let isFirst = state.withLock { state in
                defer { state.isWarned = true }
                return !state.isWarned
            }
            if isFirst { warn("the report is not written: \(error.words); training goes on") }
        }
    }
}
