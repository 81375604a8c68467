import Planning
import Terminal
import Training

/// Forecasts, for people and for programs.
enum PlanText {
    static func table(_ rows: [Forecast], _ measurement: StepMeasurement, _ network: String) -> String {
        let first = rows.first
        let samples = first.map { $0.batchSize / $0.cluster.ranks } ?? measurement.samples
        let link = first.map {
            "\(Wording.significant($0.cluster.network.latency * 1e6)) us, "
                + "\(Wording.significant($0.cluster.network.bandwidth / 1e9)) GB/s"
        }
        let ranks = Wording.count(first?.cluster.ranksPerNode ?? 1, "rank")
        let head = """
            \(measurement.model.visible), \(samples) samples a rank, \(ranks) of \
            \(Wording.count(measurement.threads, "thread")) a node, network \(network) (\(link ?? ""))
            measured: \(Wording.significant(measurement.seconds * 1e3)) ms a step of \(measurement.samples) samples, \
            \(Wording.count(measurement.localRanks, "rank")) at once, \
            \(Wording.count(measurement.stepSeconds.count, "step"))

            """
        let titles = [
            "nodes", "ranks", "batch", "batch norm", "step ms", "exposed ms", "efficiency", "img/s", "90 epochs",
            "node-hours",
            "allreduce", "bucket MB",
        ]
        let cells = rows.map { row in
            [
                Wording.grouped(row.cluster.nodes), Wording.grouped(row.cluster.ranks), Wording.grouped(row.batchSize),
                batchNorm(row, measurement), Wording.significant(row.step.seconds * 1e3),
                Wording.significant(row.step.exposed * 1e3), Wording.fixed(row.efficiency, 2),
                Wording.significant(row.imagesPerSecond), Wording.duration(seconds: row.imageNetSeconds),
                Wording.significant(row.nodeHours), row.choice.algorithm.rawValue, "\(row.choice.bucketBytes >> 20)",
            ]
        }
        return head + "\n" + Wording.table([titles] + cells, leading: 0)
    }

    private static func batchNorm(_ row: Forecast, _ measurement: StepMeasurement) -> String {
        guard measurement.events.contains(where: { $0.moments != nil }) else { return "-" }
        return row.choice.sharesMoments ? "sync" : "average"
    }

    static func json(_ rows: [Forecast], _ measurement: StepMeasurement, _ network: String) throws -> String {
        try JSONText(
            Object(
                model: measurement.model, network: network, measured_step_ms: measurement.seconds * 1e3,
                forecasts: rows.map { Row($0, batchNorm: batchNorm($0, measurement)) })
        ).text
    }

    private struct Object: Encodable {
        let model: String
        let network: String
        let measured_step_ms: Double
        let forecasts: [Row]
    }

    private struct Row: Encodable {
        let nodes: Int
        let ranks: Int
        let batch_size: Int
        let batch_norm: String
        let step_ms: Double
        let exposed_ms: Double
        let efficiency: Double
        let images_per_second: Double
        let imagenet_90_epochs_seconds: Double
        let node_hours: Double
        let allreduce: String
        let bucket_megabytes: Int

        init(_ row: Forecast, batchNorm: String) {
            nodes = row.cluster.nodes
            ranks = row.cluster.ranks
            batch_size = row.batchSize
            batch_norm = batchNorm
            step_ms = row.step.seconds * 1e3
            exposed_ms = row.step.exposed * 1e3
            efficiency = row.efficiency
            images_per_second = row.imagesPerSecond
            imagenet_90_epochs_seconds = row.imageNetSeconds
            node_hours = row.nodeHours
            allreduce = row.choice.algorithm.rawValue
            bucket_megabytes = row.choice.bucketBytes >> 20
        }
    }
}
