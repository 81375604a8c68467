/// What one rank's training steps were measured to do: all that a simulation of more ranks needs to know of them.
package struct StepMeasurement: Codable, Hashable, Sendable {
    /// A moment of a step at which other ranks matter.
    package struct Event: Codable, Hashable, Sendable {
        /// Seconds of computation since the event before.
        package var seconds: Double
        /// Floats from the start of the gradients' arena that are final from here on.
        package var gradients: Int?
        /// Numbers of eight bytes that batch norm sums over ranks before it goes on.
        package var moments: Int?

        package init(seconds: Double, gradients: Int? = nil, moments: Int? = nil) {
            self.seconds = seconds
            self.gradients = gradients
            self.moments = moments
        }
    }

    package var model: String
    /// Samples of a step on this rank.
    package var samples: Int
    /// Threads that it computed with.
    package var threads: Int
    /// Ranks that computed on the same machine.
    package var localRanks: Int
    /// Cores of the machine.
    package var cores: Int
    /// In their order; medians over the steps.
    package var events: [Event]
    /// From the last event to the end of the backward pass.
    package var restSeconds: Double
    /// The optimizer's step.
    package var updateSeconds: Double
    /// Floats of the gradients' arena.
    package var gradients: Int
    /// Seconds of computation of each step, waiting for others left out.
    package var stepSeconds: [Double]

    enum CodingKeys: String, CodingKey {
        case model, samples, threads
        case localRanks = "local_ranks"
        case cores, events
        case restSeconds = "rest_seconds"
        case updateSeconds = "update_seconds"
        case gradients
        case stepSeconds = "step_seconds"
    }

    package init(
        model: String, samples: Int, threads: Int, localRanks: Int, cores: Int, events: [Event], restSeconds: Double,
        updateSeconds: Double, gradients: Int, stepSeconds: [Double]
    ) {
        self.model = model
        self.samples = samples
        self.threads = threads
        self.localRanks = localRanks
        self.cores = cores
        self.events = events
        self.restSeconds = restSeconds
        self.updateSeconds = updateSeconds
        self.gradients = gradients
        self.stepSeconds = stepSeconds
    }

    /// Seconds of a step that waits for nobody.
    package var seconds: Double { events.reduce(0) { $0 + $1.seconds } + restSeconds + updateSeconds }

    /// The same step with other samples or other neighbours: time grows with the samples, and with the share of a core that a thread
    /// has to do without.
    ///
    /// - Parameters:
    ///   - samples: nil for as many.
    ///   - localRanks: ranks of a machine like the one measured.
    package func scaled(samples: Int?, localRanks: Int) -> StepMeasurement {
        let before = Swift.max(Double(self.localRanks * threads) / Double(cores), 1)
        let crowding = Swift.max(Double(localRanks * threads) / Double(cores), 1) / before
        var scaled = self
        scaled.samples = samples ?? self.samples
        scaled.localRanks = localRanks
        let pass = crowding * Double(scaled.samples) / Double(self.samples)
        for index in events.indices { scaled.events[index].seconds *= pass }
        scaled.restSeconds *= pass
        scaled.updateSeconds *= crowding
        scaled.stepSeconds = stepSeconds.map { $0 * pass }
        return scaled
    }
}
