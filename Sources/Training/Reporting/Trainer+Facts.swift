import Collectives
import Datasets
import Engine
import Graphs
import Machine
import Networks
import Recipes
import Runs
import Tensors

extension Trainer {
    /// The facts for the run's folder on its network, data and machine, besides the recipe.
    var facts: RunFacts {
        let summary = setup.summary
        return RunFacts(
            model: setup.model.name, imageSize: setup.imageSize, channels: setup.dataset.channels,
            classes: setup.network.classes, trainingSamples: sizes.trainingSamples, testSamples: sizes.testSamples,
            parameters: summary.parameters, multiplyAdds: summary.multiplyAdds,
            layers: summary.rows.map { row in
                RunFacts.Layer(
                    name: row.layer, type: row.type,
                    output: [row.output.height, row.output.width, row.output.channels],
                    parameters: row.parameters, multiplyAdds: row.multiplyAdds)
            }, machine: machineFacts)
    }

    private var machineFacts: RunFacts.Machine {
        let memory = SystemFile.text("/proc/meminfo").flatMap { SystemFile.number("MemTotal", in: $0) }
        return RunFacts.Machine(
            host: SystemFile.text("/proc/sys/kernel/hostname")?.split(separator: "\n").first.map(String.init)
                ?? "unknown",
            processor: SystemFile.text("/proc/cpuinfo").flatMap(Self.processor), cores: setup.threads.cores,
            memory: memory.map { $0 << 10 }, ranks: world.size, threads: setup.threads.threads,
            backend: setup.backend.rawValue)
    }

    /// Returns the first processor's name in `/proc/cpuinfo`: `model name : AMD EPYC 9654`.
    private static func processor(in text: String) -> String? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":", maxSplits: 1).last.map { String($0.drop { $0 == " " }) }
    }
}
