/// The measured training steps of one rank: all that a simulation of more ranks needs.
package struct StepMeasurement: Codable, Hashable, Sendable {
    /// A point in a step at which other ranks matter.
    package struct Event: Codable, Hashable, Sendable {
        /// Seconds of computation since the event before.
        package var seconds: Double
        /// Floats from the start of the gradients' arena that are final from here on.
        package var gradients: Int?
        /// The number of eight-byte numbers that batch norm sums over ranks before it continues.
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
    /// The events of a step in their order; their numbers are medians over the steps.
    package var events: [Event]
    /// Seconds from the last event to the end of the backward pass.
    package var restSeconds: Double
    /// Seconds of the optimizer's step.
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

    /// The range of the number of ranks of a machine.
    package static let rankRange = 1...4096

    /// Checks that the numbers of a file are in the ranges of a measurement.
    ///
    /// - Throws: `MeasurementError` for the first number out of its range.
    package func check() throws(MeasurementError) {
        try Self.check("samples", samples, 1...1_000_000_000)
        try Self.check("threads", threads, 1...1024)
        try Self.check("local_ranks", localRanks, Self.rankRange)
        try Self.check("cores", cores, 1...1_048_576)
        try Self.check("gradients", gradients, 0...Self.mostGradients)
        try Self.check("number of events", events.count, 0...1_000_000)
        var final = 0
        for event in events {
            try Self.check("seconds of an event", event.seconds, 0...Self.mostSeconds)
            try Self.check("moments of an event", event.moments ?? 0, 0...(1 << 24))
            if let gradients = event.gradients {
                try Self.check("gradients of an event", gradients, final...self.gradients)
                final = gradients
            }
        }
        try Self.check("rest_seconds", restSeconds, 0...Self.mostSeconds)
        try Self.check("update_seconds", updateSeconds, 0...Self.mostSeconds)
        try Self.check("seconds of a whole step", seconds, Self.leastSeconds...Self.mostSeconds)
        try Self.check("number of step_seconds", stepSeconds.count, 1...1_000_000)
        for seconds in stepSeconds { try Self.check("step_seconds", seconds, Self.leastSeconds...Self.mostSeconds) }
    }

    /// The most floats of a gradients' arena, 8 GiB: a forecast for it takes seconds.
    private static let mostGradients = 1 << 31
    private static let leastSeconds = 1e-9
    private static let mostSeconds = 1e6

    private static func check<Number: Comparable>(
        _ name: String, _ found: Number, _ range: ClosedRange<Number>
    ) throws(MeasurementError) {
        guard !range.contains(found) else { return }
        throw MeasurementError(
            name: name, found: "\(found)", expected: "\(range.lowerBound) to \(range.upperBound)")
    }

    /// Seconds of a step that waits for no other rank.
    package var seconds: Double { events.reduce(0) { $0 + $1.seconds } + restSeconds + updateSeconds }

    /// Returns the same step with other samples or other ranks on the machine: computing time grows with the samples,
    /// and with the share of a core that a thread lacks.
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

/// A number that no measurement can have.
package struct MeasurementError: Error, Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package let found: String
    /// The range or form that was expected: `1 to 4096`.
    package let expected: String

    package var description: String { "the measurement's \(name) is \(found), expected \(expected)" }
}
