import Datasets
import Runs
import Synchronization

/// A writer of evaluations' details into the run's folder, with pictures, on the observers' thread.
final class EvaluationDetailWriter: Sendable {
    /// The state that stays from one evaluation to the next.
    private struct State {
        /// The pictures by sample: many samples misclassified in one epoch are so in the next.
        var pictures: [Int: String] = [:]
        var augmented: [EvaluationDetail.Augmented]?
        var hasFailed = false
    }

    /// The number of training samples to show with their augmentation.
    private static let augmentedPictures = 16
    /// The most pictures that are kept.
    private static let mostKept = 192

    private let path: String
    private let loader: Loader
    private let seed: UInt64
    private let warn: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - path: the file.
    ///   - loader: the loader of the training batches.
    ///   - seed: the run's seed.
    ///   - warn: called once with the reason why the file could not be written.
    init(path: String, loader: Loader, seed: UInt64, warn: @escaping @Sendable (String) -> Void) {
        self.path = path
        self.loader = loader
        self.seed = seed
        self.warn = warn
    }

    /// Writes the details with their pictures and names into the file, and returns them.
    func completed(_ detail: EvaluationDetail) -> EvaluationDetail {
        state.withLock { state in
            var detail = detail
            show(&detail.wrong, &state)
            show(&detail.unsure, &state)
            detail.augmented = augmented(&state)
            do {
                try detail.write(to: path)
            } catch {
                if !state.hasFailed { warn("\(error); training goes on, and the next evaluation tries again") }
                state.hasFailed = true
            }
            return detail
        }
    }

    private func show(_ pictures: inout [EvaluationDetail.Picture], _ state: inout State) {
        let dataset = loader.dataset
        let look = SampleLook(imageSize: loader.imageSize, shorterSide: loader.shorterSide, images: loader.images)
        let scratch = LoaderScratch()
        for place in pictures.indices {
            let sample = pictures[place].sample
            pictures[place].name = dataset.fileName(of: sample, in: .test)
            let kept = state.pictures[sample]
            pictures[place].picture =
                kept ?? dataset.picture(of: sample, in: .test, as: look, with: scratch) ?? ""
            if state.pictures.count == Self.mostKept, kept == nil { state.pictures = [:] }
            state.pictures[sample] = pictures[place].picture
        }
    }

    private func augmented(_ state: inout State) -> [EvaluationDetail.Augmented] {
        if let made = state.augmented { return made }
        let samples = loader.dataset.count(of: .train)
        let sampler = Sampler(count: samples, batchSize: min(Self.augmentedPictures, max(samples, 1)), seed: seed)
        let made = loader.trainingPictures(count: Self.augmentedPictures, sampler: sampler, epoch: 0).map {
            EvaluationDetail.Augmented(label: $0.label, picture: $0.picture)
        }
        state.augmented = made
        return made
    }
}
