import Foundation
package import Runs
import Synchronization
import Terminal

/// A writer of a run's `report.html` while the run goes on: after evaluations, and now and then between them.
///
/// After a page, it pauses for a few hundred times as long as the page took, so that all pages together take a small
/// part of the run. The last one, at the run's end, is always written.
package final class ReportWriter: RunObserver {
    private let folder: RunFolder
    private let warn: @Sendable (String) -> Void
    private let clock: @Sendable () -> Double
    private let state: Mutex<State>

    private struct State {
        var isWarned = false
        /// The earliest time of the next page, in seconds of `clock`.
        var nextTime: Double
        /// The time from which on a page is made without an evaluation, in seconds of `clock`.
        var latestTime: Double
    }

    /// The pause after a page, in times that it took.
    private static let pause = 400.0
    /// Seconds without a page at most, where pauses allow it.
    private static let period = 60.0

    /// - Parameters:
    ///   - folder: an existing one.
    ///   - facts: written beside the page.
    ///   - clock: seconds that never decrease.
    ///   - warn: called once where a page cannot be written. The run continues.
    package init(
        folder: RunFolder, facts: RunFacts?, clock: @escaping @Sendable () -> Double = ReportWriter.seconds,
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.warn = warn
        self.clock = clock
        state = Mutex(State(nextTime: clock(), latestTime: clock() + Self.period))
        if let facts { attempt { try Self.write(facts, to: folder) } }
    }

    /// Seconds on the machine's clock, which only grows.
    package static let seconds: @Sendable () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

    package func didRecord(_ line: String) {
        let now = clock()
        if state.withLock({ $0.latestTime <= now }) { writePage() }
    }

    package func didEvaluate(_ detail: EvaluationDetail, weights: [WeightHistogram]) {
        let now = clock()
        if state.withLock({ $0.nextTime <= now }) { writePage() }
    }

    package func didEnd() { writePage(isRunning: false) }

    private func writePage(isRunning: Bool = true) {
        let start = clock()
        attempt {
            let page = RunPage(try RunHistory(folder: folder, isRunning: isRunning))
            try ChartFiles.save(page.html(), to: folder.report)
        }
        let end = clock()
        state.withLock {
            $0.nextTime = end + Self.pause * (end - start)
            $0.latestTime = max($0.nextTime, end + Self.period)
        }
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
