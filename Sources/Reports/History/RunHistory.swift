package import Runs

/// The content of a run's folder, in a form that pages, charts and tables are made from.
package struct RunHistory: Sendable {
    /// An evaluation on the test split.
    package struct Evaluation: Hashable, Sendable {
        package var epoch: Int
        package var step: Int
        package var samples: Int
        /// The mean loss; NaN where it was not finite.
        package var loss: Double
        /// The accuracy, in 0...1.
        package var accuracy: Double
        package var imagesPerSecond: Double
        /// The seconds of training since the run began; NaN where not known.
        package var seconds: Double
    }

    /// An event of a run besides its steps.
    package struct Event: Hashable, Sendable {
        /// The time in ISO 8601; nil where not known.
        package var time: String?
        package var step: Int?
        package var words: String
    }

    /// The state of the run: whether more is to come. Tables, pages and JSON have its raw value.
    package enum State: String, Sendable {
        case finished
        case running
        /// The run has neither ended nor is it running: it was killed, or stopped to be resumed.
        case stopped
    }

    /// A value of the recipe, as YAML writes it.
    package struct Setting: Hashable, Sendable {
        package var key: String
        package var value: String
    }

    package let folder: RunFolder
    package var state = State.stopped
    package var recipe: [Setting] = []
    package var training = StepCurves()
    package var evaluations: [Evaluation] = []
    /// The evaluations of the averaged weights.
    package var averagedEvaluations: [Evaluation] = []
    /// The evaluation of several views of each image, at the end.
    package var augmentedEvaluation: Evaluation?
    package var norms: [NormsLine] = []
    package var time: TimeLine?
    package var events: [Event] = []
    package var badSamples: [BadSampleLine] = []
    package var detail: EvaluationDetail?
    package var facts: RunFacts?
    /// The number of steps that the run has found to fit into its time.
    package var fittedSteps: Int?
    /// SHA-256 of all parameters, at the run's end.
    package var parametersSHA256: String?
    /// The reason why the run ended before its last step; nil where it did not.
    package var stoppedBy: String?
    /// Notes on files and lines that could not be read.
    package var notes: [String] = []

    /// The empty history of a folder.
    init(of folder: RunFolder) { self.folder = folder }

    /// A sample that could not be read.
    package struct BadSampleLine: Hashable, Sendable {
        package var split: String
        package var index: String
        package var path: String
        package var reason: String
    }
}

extension RunHistory {
    /// The last part of the folder's path.
    package var name: String { Self.name(of: folder.path) }

    static func name(of path: String) -> String {
        path.split(separator: "/").last { $0 != "." }.map(String.init) ?? path
    }

    /// Returns a value of the recipe; nil where the recipe does not have it.
    package func setting(_ key: String) -> String? { recipe.first { $0.key == key }?.value }

    package var last: Evaluation? { evaluations.last }

    /// The evaluation of the greatest accuracy, the first where several have it.
    package var best: Evaluation? { evaluations.max { $0.accuracy < $1.accuracy } }

    /// The optimizer steps taken, by the files.
    package var steps: Int { max(training.steps.last ?? 0, evaluations.last?.step ?? 0) }

    package var epochs: Int { max(training.epochs.last ?? 0, evaluations.last?.epoch ?? 0) }

    /// Seconds of training, where they were recorded.
    package var seconds: Double? {
        let known = (evaluations.map(\.seconds) + [training.seconds.last ?? .nan]).filter { !$0.isNaN }
        return known.max() ?? time?.split.total
    }

    /// The median of the speeds that were reported, in images a second.
    package var imagesPerSecond: Double? {
        let speeds = training.imagesPerSecond.filter(\.isFinite).sorted()
        return speeds.isEmpty ? nil : speeds[speeds.count / 2]
    }
}
