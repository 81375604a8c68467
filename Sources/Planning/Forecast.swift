/// The scaling forecast of training on a cluster, with the communication that suits it best.
package struct Forecast: Hashable, Sendable {
    package let cluster: Cluster
    /// Samples of a step over all ranks.
    package let batchSize: Int
    package let choice: Simulation.Choice
    package let step: Simulation.Step
    /// Images a second of a rank alone, times the ranks, are 1.
    package let efficiency: Double

    package var imagesPerSecond: Double { Double(batchSize) / step.seconds }

    /// Seconds of 90 epochs of ImageNet: 1,281,167 images each.
    package var imageNetSeconds: Double { 90 * 1_281_167 / imagesPerSecond }

    package var nodeHours: Double { imageNetSeconds / 3600 * Double(cluster.nodes) }

    /// Sizes of buckets that are tried, in MiB.
    package static let bucketMegabytes = [1, 2, 4, 8, 16, 25, 64, 128]

    /// Chooses the fastest algorithm and bucket for a cluster.
    ///
    /// - Parameters:
    ///   - samples: the samples of a step on each rank; nil for the measured number.
    ///   - algorithms: the algorithms to choose from.
    ///   - bucketMegabytes: the sizes of buckets to choose from.
    package init(
        _ measurement: StepMeasurement, samples: Int?, cluster: Cluster, sharesMoments: Bool,
        algorithms: [Algorithm] = Algorithm.allCases, bucketMegabytes: [Int] = Self.bucketMegabytes
    ) {
        self.cluster = cluster
        let samples = samples ?? measurement.samples
        batchSize = samples * cluster.ranks
        var best: (choice: Simulation.Choice, step: Simulation.Step)?
        for algorithm in algorithms {
            for megabytes in bucketMegabytes {
                let choice = Simulation.Choice(
                    algorithm: algorithm, bucketBytes: megabytes << 20, sharesMoments: sharesMoments)
                let step = Simulation(measurement, samples: samples, cluster: cluster, choice: choice).step()
                if step.seconds < (best?.step.seconds ?? .infinity) { best = (choice, step) }
            }
        }
        choice =
            best?.choice ?? Simulation.Choice(algorithm: .tree, bucketBytes: 25 << 20, sharesMoments: sharesMoments)
        step = best?.step ?? Simulation.Step(seconds: 0, exposed: 0)
        let alone = measurement.scaled(samples: samples, localRanks: cluster.ranksPerNode).seconds
        efficiency = alone / step.seconds
    }
}
