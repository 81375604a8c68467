import Foundation
import Runs
import Terminal

/// The answer to `/api/run`, whose keys are these properties' names in snake case. docs/status.md describes it; unknown
/// values are left out.
struct RunReply: Encodable {
    enum State: String, Encodable {
        case running
        /// No step has been reported for much longer than usual.
        case stalled
        case complete
    }

    struct Training: Encodable {
        var epoch: Int?
        var loss: Double?
        var accuracy: Double?
        var learningRate: Double?
        var imagesPerSecond: Double?
    }

    struct Evaluation: Encodable {
        var epoch: Int?
        var step: Int
        var loss: Double?
        var accuracy: Double?
    }

    /// The version of this description.
    var version = 1
    var state: State
    var folder: String
    var model: String
    var data: String
    var ranks: Int
    var step: Int
    var totalSteps: Int?
    var stepsPerEpoch: Int
    var secondsLeft: Double?
    var secondsSinceReport: Double
    var secondsSinceCheckpoint: Double?
    var training: Training?
    var evaluation: Evaluation?
    var bestTestAccuracy: Double?
    var reportWritten: String?
    var rankStates: [RunStatus.RankStatus]
    var events: [RunStatus.Event]

    /// Events in an answer.
    private static let mostEvents = 20

    /// - Parameters:
    ///   - now: the clock of the status.
    ///   - date: the time of day.
    init(_ status: RunStatus, at now: Double, date: Date) {
        let files = RunFiles(folder: status.folder)
        state = status.isComplete ? .complete : status.isAdvancing(at: now) ? .running : .stalled
        folder = status.folder.path.visible
        model = status.model.visible
        data = status.data.visible
        ranks = status.ranks
        step = status.step
        totalSteps = status.totalSteps
        stepsPerEpoch = status.stepsPerEpoch
        secondsLeft = status.secondsLeft
        secondsSinceReport = now - status.newest
        secondsSinceCheckpoint = files.checkpointAge(at: date)
        training = status.training.map { line in
            Training(
                epoch: line.integer("epoch"), loss: line["loss"], accuracy: line["accuracy"], learningRate: line["lr"],
                imagesPerSecond: line["images_per_second"])
        }
        evaluation = status.evaluation.map { line in
            Evaluation(
                epoch: line.integer("epoch"), step: line.step, loss: line["loss"], accuracy: line["accuracy"])
        }
        bestTestAccuracy = status.bestAccuracy
        reportWritten = files.reportTime?.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        rankStates = status.rankStatuses
        let all = files.supervisorEvents(most: Self.mostEvents) + status.events
        events = all.sorted { $0.time < $1.time }.suffix(Self.mostEvents)
    }

    /// JSON; its numbers are all finite, as the lines of metrics have them.
    var json: String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
