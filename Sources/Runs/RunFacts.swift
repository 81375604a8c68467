/// The facts of a run that are not in its recipe: the network as it was built, the data's size and the machine.
///
/// They are in the file `facts.json` of a run's folder, whose keys are these properties' names in snake case.
package struct RunFacts: Codable, Hashable, Sendable {
    /// One layer of the network, in the granularity of PyTorch's modules.
    package struct Layer: Codable, Hashable, Sendable {
        /// `layer1.0.conv1`
        package var name: String
        /// PyTorch's name for the module: `Conv2d`.
        package var type: String
        /// Height, width and channels of its output for one image.
        package var output: [Int]
        package var parameters: Int
        /// The multiply-adds of the forward pass for one image.
        package var multiplyAdds: Int

        package init(name: String, type: String, output: [Int], parameters: Int, multiplyAdds: Int) {
            self.name = name
            self.type = type
            self.output = output
            self.parameters = parameters
            self.multiplyAdds = multiplyAdds
        }
    }

    /// Rank 0's machine, and the numbers of ranks and threads.
    package struct Machine: Codable, Hashable, Sendable {
        package var host: String
        /// The processor's own name for itself; nil where it has none.
        package var processor: String?
        /// The cores that this process may use.
        package var cores: Int
        /// The memory of the machine in bytes; nil where it is not known.
        package var memory: Int?
        package var ranks: Int
        /// The threads of each rank.
        package var threads: Int
        /// The instruction set of the kernels: `avx512`.
        package var backend: String

        package init(
            host: String, processor: String?, cores: Int, memory: Int?, ranks: Int, threads: Int, backend: String
        ) {
            self.host = host
            self.processor = processor
            self.cores = cores
            self.memory = memory
            self.ranks = ranks
            self.threads = threads
            self.backend = backend
        }
    }

    package var model: String
    /// Pixels a side.
    package var imageSize: Int
    package var channels: Int
    package var classes: Int
    package var trainingSamples: Int
    package var testSamples: Int
    package var parameters: Int
    /// The multiply-adds of one image's forward pass.
    package var multiplyAdds: Int
    package var layers: [Layer]
    package var machine: Machine

    package init(
        model: String, imageSize: Int, channels: Int, classes: Int, trainingSamples: Int, testSamples: Int,
        parameters: Int, multiplyAdds: Int, layers: [Layer], machine: Machine
    ) {
        self.model = model
        self.imageSize = imageSize
        self.channels = channels
        self.classes = classes
        self.trainingSamples = trainingSamples
        self.testSamples = testSamples
        self.parameters = parameters
        self.multiplyAdds = multiplyAdds
        self.layers = layers
        self.machine = machine
    }
}
