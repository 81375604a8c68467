import Collectives
import Datasets
import Engine
import Networks
import Recipes
import Runs
import Tensors

// Details beyond loss and accuracy that rank 0 keeps for people. They change no bit of training.

extension Trainer {
    // MARK: Evaluations

    /// Evaluates, and gathers the outcomes of all samples on rank 0. Collective.
    func evaluatedInDetail() throws -> (Evaluation, [SampleOutcome]) {
        var own: [SampleOutcome] = []
        let evaluation = try evaluateWeights { own.append($0) }
        return (evaluation, try world.gather(own))
    }

    /// Writes and shows the details of an evaluation, on a thread beside training.
    func show(_ evaluation: Evaluation, of outcomes: [SampleOutcome]) {
        guard let coordinator else { return }
        let weights = coordinator.isObserved ? weightHistograms() : []
        let (epoch, step) = (sizes.epochNumber(ofStep: step), step)
        let classes = setup.allClassNames
        coordinator.show { [detailWriter] in
            let detail = EvaluationDetail(
                evaluation, of: outcomes, epoch: epoch, step: step, classes: classes)
            return (detailWriter.completed(detail), weights)
        }
    }

    /// Makes the writer. It must come after the presentation of images has been chosen for the rest of the run.
    func makeDetailWriter() -> EvaluationDetailWriter {
        EvaluationDetailWriter(
            path: coordinator?.folder.evaluation ?? "", loader: trainingLoader, seed: recipe.seed,
            warn: { [log] in log.warning($0) })
    }

    private func weightHistograms() -> [WeightHistogram] {
        layerGroups.map { group in
            let weights = engine.distribution(of: group)
            return WeightHistogram(
                name: group.name, count: weights.count, minimum: Double(weights.minimum),
                maximum: Double(weights.maximum), sum: weights.sum, sumOfSquares: weights.sumOfSquares,
                edges: weights.edges, counts: weights.counts)
        }
    }

    // MARK: Norms

    /// Measures the gradients' norms where the current step ends an epoch, before the optimizer may overwrite them.
    func measureGradients() {
        let next = step + 1
        guard coordinator != nil, sizes.stepInEpoch(after: next) == 0 || next == sizes.totalSteps else { return }
        gradientNorms = engine.gradientNorms(of: layerGroups)
    }

    /// Records these norms and those of the updated weights in the metrics. It comes first after the step, so that a
    /// run that is killed then has them too.
    func recordNorms() {
        guard let gradients = gradientNorms else { return }
        gradientNorms = nil
        let weights = engine.weightNorms(of: layerGroups)
        let groups = layerGroups.indices.map { index in
            NormsLine.Group(name: layerGroups[index].name, weights: weights[index], gradients: gradients[index])
        }
        coordinator?.append(line: NormsLine(epoch: sizes.epochNumber(ofStep: step), step: step, groups: groups).json)
    }
}

extension Setup {
    /// The name of each output of the network, which may have more than the data have classes.
    var allClassNames: [String] {
        let names = dataset.classNames
        return (0..<max(network.classes, names.count)).map { $0 < names.count ? names[$0] : "class \($0)" }
    }
}
