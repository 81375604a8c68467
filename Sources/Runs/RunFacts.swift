/// The facts of a run that are not in its recipe: the network as built, the data's size and the machine.
///
/// A run's folder has them as `facts.json`, whose keys are these properties' names in snake case.
package struct RunFacts: Codable, Hashable, Sendable {
    /// A layer of the network, as fine as PyTorch's modules.
    package struct Layer: Codable, Hashable, Sendable {
        /// The layer's name, such as `layer1.0.conv1`.
        package var name: String
        /// PyTorch's name for the module: `Conv2d`.
        package var type: String
        /// The height, width and channels of the output for one image.
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
        /// The processor's name by its own account; nil where it has none.
        package var processor: String?
        /// The number of cores that this process may use.
        package var cores: Int
        /// The machine's memory in bytes; nil where not known.
        package var memory: Int?
        package var ranks: Int
        /// The number of threads of each rank.
        package var threads: Int
        /// The instruction set of the kernels, such as `avx512`.
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
    /// The size of images, in pixels a side.
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
