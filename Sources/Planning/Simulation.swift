internal import Collectives

/// A simulated training step of a rank among others. The rank has the computing thread, the thread that sums gradients
/// bucket by bucket beside it, and the machine's network, which sends one message after the other.
///
/// All ranks do the same at the same time, so that one stands for all; `Stragglers` adds their differences.
package struct Simulation: Sendable {
    /// The communication of a job.
    package struct Choice: Hashable, Sendable {
        package var algorithm: Algorithm
        /// Bytes of a bucket of gradients (`Buckets`).
        package var bucketBytes: Int
        /// Whether batch norm sums moments over ranks in each layer.
        package var sharesMoments: Bool
    }

    /// Seconds of a core a byte that comes in: copied out of the network's or the shared memory's buffer, and added.
    package static let secondsPerByte = 0.35e-9

    /// The simulated duration of a step.
    package struct Step: Hashable, Sendable {
        package let seconds: Double
        /// Seconds for which the computing thread did nothing but wait for sums.
        package let exposed: Double
    }

    private let measurement: StepMeasurement
    private let cluster: Cluster
    private let choice: Choice
    /// The duration of the slowest rank, as a multiple of the usual one's; at least 1.
    private let slowness: Double

    /// - Parameter measurement: that of a rank with any number of neighbours; it is scaled to `samples` and the
    ///   cluster's ranks a node.
    package init(_ measurement: StepMeasurement, samples: Int? = nil, cluster: Cluster, choice: Choice) {
        self.measurement = measurement.scaled(samples: samples, localRanks: cluster.ranksPerNode)
        self.cluster = cluster
        self.choice = choice
        slowness = Stragglers.factor(of: measurement.stepSeconds, ranks: cluster.ranks)
    }

    /// Simulates one step.
    package func step() -> Step {
        var wires = Wires(cluster: cluster, choice: choice, gradients: measurement.gradients)
        // Sums are additions and copies on a core; where every core computes, computing waits for them.
        let isCrowded = measurement.threads * cluster.ranksPerNode >= measurement.cores
        var now = 0.0
        var exposed = 0.0
        for event in measurement.events {
            now += event.seconds * slowness
            if let moments = event.moments, choice.sharesMoments {
                let end = wires.allReduce(bytes: 8 * Double(moments), at: now)
                exposed += end - now
                now = end
            }
            if let gradients = event.gradients { wires.finish(gradients, at: now) }
            if isCrowded { now += wires.stolenSeconds(until: now) }
        }
        now += measurement.restSeconds * slowness
        wires.finish(measurement.gradients, at: now)
        let summed = max(wires.end(), now)
        exposed += summed - now
        now = summed + measurement.updateSeconds * slowness
        return Step(seconds: now, exposed: exposed)
    }
}

/// The communication of one rank: the messages that the thread of its second communicator has sent, and the time at
/// which the network is free.
private struct Wires {
    private let cluster: Cluster
    private let choice: Simulation.Choice
    /// The buckets that have not been sent yet.
    private var buckets: ArraySlice<Range<Int>>
    /// Messages that wait, with the time from which they may go.
    private var queue: [(transfer: Transfer, ready: Double)] = []
    private var head = 0
    /// The time at which the second communicator's thread is done with its last message.
    private var sideFree = 0.0
    /// The time at which the network can take the next message.
    private var networkFree = 0.0
    private var stolen = 0.0

    init(cluster: Cluster, choice: Simulation.Choice, gradients: Int) {
        self.cluster = cluster
        self.choice = choice
        buckets = Buckets(count: gradients, bytes: choice.bucketBytes).ranges[...]
    }

    /// `count` floats are final at `time`.
    mutating func finish(_ count: Int, at time: Double) {
        while let bucket = buckets.first, bucket.upperBound <= count {
            buckets.removeFirst()
            queue += cluster.transfers(bytes: Double(4 * bucket.count), choice.algorithm).map { ($0, time) }
        }
        advance(to: time)
    }

    /// Makes the computing thread wait for a sum, from `time` on; returns the time at which it is complete.
    mutating func allReduce(bytes: Double, at time: Double) -> Double {
        var now = time
        for transfer in cluster.transfers(bytes: bytes, .tree) {
            advance(to: now)
            now = send(transfer, at: now)
        }
        return now
    }

    /// Returns the time at which the last sum of gradients is there; 0 where there is nothing to send.
    mutating func end() -> Double {
        advance(to: .infinity)
        return sideFree
    }

    /// Returns the seconds that the second communicator's thread has taken from the computing one since the last call.
    mutating func stolenSeconds(until time: Double) -> Double {
        advance(to: time)
        defer { stolen = 0 }
        return stolen
    }

    /// Sends the messages that the second communicator's thread begins to send before `time`.
    private mutating func advance(to time: Double) {
        while head < queue.count {
            let start = max(sideFree, queue[head].ready)
            guard start < time else { return }
            sideFree = send(queue[head].transfer, at: start)
            stolen += queue[head].transfer.bytes * Simulation.secondsPerByte
            head += 1
        }
    }

    /// - Returns: when the message that comes in meanwhile has been dealt with.
    private mutating func send(_ transfer: Transfer, at time: Double) -> Double {
        let work = transfer.isSummed ? transfer.bytes * Simulation.secondsPerByte : 0
        guard transfer.isRemote else {
            return time + cluster.sharedMemory.latency + transfer.bytes / cluster.sharedMemory.bandwidth + work
        }
        // All ranks of a machine send over its one network.
        let start = max(time, networkFree)
        networkFree = start + Double(cluster.ranksPerNode) * transfer.bytes / cluster.network.bandwidth
        return networkFree + cluster.network.latency + work
    }
}
