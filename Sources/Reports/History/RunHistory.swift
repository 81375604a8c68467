package import Runs

/// Everything that a run's folder tells of the run, in a form that pages, charts and tables are made of.
package struct RunHistory: Sendable {
    /// One measurement on the test split.
    package struct Evaluation: Hashable, Sendable {
        package var epoch: Int
        package var step: Int
        package var samples: Int
        /// Not-a-number where it was not finite.
        package var loss: Double
        /// In 0...1.
        package var accuracy: Double
        package var imagesPerSecond: Double
        /// Seconds of training since the run began; not-a-number where nobody wrote it.
        package var seconds: Double
    }

    /// Something that happened to a run beside its steps.
    package struct Event: Hashable, Sendable {
        /// As ISO 8601; nil where nobody wrote it.
        package var time: String?
        package var step: Int?
        package var words: String
    }

    /// Whether more is to come.
    package enum State: Hashable, Sendable {
        case finished
        case running
        /// It has neither ended nor is it going on: it was killed, or stopped to be resumed.
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
    /// Those of averages over time.
    package var averagedEvaluations: [Evaluation] = []
    /// The evaluation of several views of each image, at the end.
    package var augmentedEvaluation: Evaluation?
    package var norms: [NormsLine] = []
    package var time: TimeLine?
    package var events: [Event] = []
    package var badSamples: [BadSampleLine] = []
    package var detail: EvaluationDetail?
    package var facts: RunFacts?
    /// Steps that the run has found to fit into its time.
    package var fittedSteps: Int?
    /// SHA-256 of all parameters, at the run's end.
    package var parametersSHA256: String?
    /// The reason why the run ended before its last step; nil where it did not.
    package var stoppedBy: String?
    /// Files and lines of them that could not be read.
    package var notes: [String] = []

    /// The history of a folder that tells nothing.
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

    /// A value of the recipe; nil where it says nothing.
    package func setting(_ key: String) -> String? { recipe.first { $0.key == key }?.value }

    package var last: Evaluation? { evaluations.last }

    /// The evaluation of the greatest accuracy, the first of several.
    package var best: Evaluation? { evaluations.max { $0.accuracy < $1.accuracy } }

    /// Optimizer steps taken, as far as the files tell.
    package var steps: Int { max(training.steps.last ?? 0, evaluations.last?.step ?? 0) }

    package var epochs: Int { max(training.epochs.last ?? 0, evaluations.last?.epoch ?? 0) }

    /// Seconds of training, where they were written.
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
