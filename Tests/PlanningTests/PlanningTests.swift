import Testing

@testable import Planning

/// A step of 100 ms whose gradients, 4 MB, become final in four equal parts over its second half.
private func measurement(moments: Int? = nil, stepSeconds: [Double] = [0.11]) -> StepMeasurement {
    var events = [StepMeasurement.Event(seconds: 0.05, moments: moments)]
    for part in 1...4 { events.append(StepMeasurement.Event(seconds: 0.0125, gradients: 250_000 * part)) }
    return StepMeasurement(
        model: "m", samples: 32, threads: 1, localRanks: 1, cores: 2, events: events, restSeconds: 0,
        updateSeconds: 0.01,
        gradients: 1_000_000, stepSeconds: stepSeconds)
}

private func cluster(_ nodes: Int, ranks: Int = 1, _ network: Link) -> Cluster {
    Cluster(nodes: nodes, ranksPerNode: ranks, network: network)
}

private func step(
    _ measurement: StepMeasurement, _ cluster: Cluster, _ algorithm: Algorithm = .tree, bucket: Int = 1 << 30,
    sharesMoments: Bool = true
) -> Simulation.Step {
    Simulation(
        measurement, cluster: cluster,
        choice: Simulation.Choice(algorithm: algorithm, bucketBytes: bucket, sharesMoments: sharesMoments)
    ).step()
}

@Suite struct MeasurementTests {
    /// A number that no measurement has, and what the message calls it.
    struct Mistake: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let make: @Sendable (inout StepMeasurement) -> Void
        init(_ name: String, _ make: @escaping @Sendable (inout StepMeasurement) -> Void) {
            testDescription = name
            self.make = make
        }
    }

    @Test("what bench measures can be planned with")
    func sound() throws { try measurement(moments: 100).check() }

    @Test(
        "a number that no measurement has is named",
        arguments: [
            Mistake("samples") { $0.samples = -8 }, Mistake("samples") { $0.samples = 0 },
            Mistake("threads") { $0.threads = 0 }, Mistake("local_ranks") { $0.localRanks = 0 },
            Mistake("local_ranks") { $0.localRanks = .max }, Mistake("cores") { $0.cores = 0 },
            Mistake("gradients") { $0.gradients = 1 << 60 }, Mistake("gradients") { $0.gradients = -1 },
            Mistake("seconds of an event") { $0.events[0].seconds = -1 },
            Mistake("seconds of an event") { $0.events[0].seconds = .nan },
            Mistake("moments of an event") { $0.events[0].moments = .max },
            Mistake("gradients of an event") { $0.events[2].gradients = 1 },
            Mistake("gradients of an event") { $0.events[2].gradients = 1 << 40 },
            Mistake("rest_seconds") { $0.restSeconds = .infinity },
            Mistake("update_seconds") { $0.updateSeconds = 1e300 },
            Mistake("seconds of a whole step") { measurement in
                for index in measurement.events.indices { measurement.events[index].seconds = 0 }
                measurement.updateSeconds = 0
            },
            Mistake("step_seconds") { $0.stepSeconds = [] }, Mistake("step_seconds") { $0.stepSeconds = [0.1, 0] },
        ])
    func mistake(mistake: Mistake) throws {
        var found = measurement(moments: 100)
        mistake.make(&found)
        let error = #expect(throws: MeasurementError.self) { try found.check() }
        #expect(try #require(error).name.contains(mistake.testDescription))
    }

    @Test(
        "a network that is slower or faster than any is none", arguments: ["30us,0.0001B/s", "1e9s,1GB/s", "1us,1e300"])
    func networks(text: String) { #expect(Link(text) == nil) }
}

@Suite struct PlanningTests {
    private let free = Link(latency: 0, bandwidth: .infinity)

    @Test("a plan of one rank takes what was measured, whatever the network")
    func alone() {
        let step = step(measurement(moments: 100), cluster(1, Link(latency: 1, bandwidth: 1)))
        #expect((step.seconds - 0.11).magnitude < 1e-12 && step.exposed == 0)
    }

    @Test(
        "a sum moves 2 (P - 1) / P of its bytes each way, in log2 P or 2 log2 P rounds",
        arguments: [2, 4, 8, 64, 1024],
        Algorithm.allCases)
    func volume(ranks: Int, algorithm: Algorithm) {
        let network = Link(latency: 0, bandwidth: 1)
        let bytes = 1e6
        let long = cluster(ranks, network).transfers(bytes: bytes, algorithm)
        let moved = long.reduce(0) { $0 + $1.bytes }
        #expect((moved - 2 * bytes * Double(ranks - 1) / Double(ranks)).magnitude < 1e-6 * bytes)
        let levels = ranks.trailingZeroBitCount
        #expect(long.count == 2 * levels)
        let short = cluster(ranks, network).transfers(bytes: 800, algorithm)
        #expect(short.count == levels && short.allSatisfy { $0.bytes == 800 && $0.isSummed })
    }

    @Test("ranks that are no power of two pay for two messages of everything more", arguments: [3, 5, 6, 7, 12])
    func fold(ranks: Int) {
        let core = [3: 2, 5: 4, 6: 4, 7: 4, 12: 8][ranks] ?? 1
        let network = Link(latency: 0, bandwidth: 1)
        let more = cluster(ranks, network).transfers(bytes: 1e6, .tree).reduce(0) { $0 + $1.bytes }
        let less = cluster(core, network).transfers(bytes: 1e6, .tree).reduce(0) { $0 + $1.bytes }
        #expect((more - less - 2e6).magnitude < 1)
    }

    @Test(
        "between ranks of a machine nothing leaves it, and of several machines each sends its part only",
        arguments: Algorithm.allCases)
    func locality(_ algorithm: Algorithm) {
        let network = Link(latency: 0, bandwidth: 1)
        #expect(cluster(1, ranks: 8, network).transfers(bytes: 1e6, algorithm).allSatisfy { !$0.isRemote })
        let transfers = cluster(4, ranks: 8, network).transfers(bytes: 1e6, algorithm)
        let remote = transfers.filter(\.isRemote).reduce(0) { $0 + $1.bytes }
        // The eight of a machine halve among themselves first; then each sends 3/4 of its eighth, down and up again.
        #expect((remote - 2 * 0.75e6 / 8).magnitude < 1)
    }

    @Test("time of a slow network is exposed but for what hides behind the backward pass")
    func overlap() {
        // 4 MB between two ranks are 4 MB each way: 40 ms at 100 MB/s, of which the last bucket's cannot hide.
        let network = Link(latency: 0, bandwidth: 1e8)
        let whole = step(measurement(), cluster(2, network))
        // The first bucket and the last have 1 MiB. What is between is final with the third part, 12.5 ms before the
        // end, when the first one's sum is there already; the last one's follows it.
        let edge = 1_048_576.0
        let waited = (4e6 - edge) / 1e8 - 0.0125
        #expect(whole.exposed > waited && whole.exposed < waited + 0.003)
        let parts = step(measurement(), cluster(2, network), bucket: 1_000_000)
        #expect(parts.exposed < whole.exposed && parts.exposed >= 1e6 / 1e8 - 0.0075)
        #expect((parts.seconds - 0.11 - parts.exposed).magnitude < 1e-12)
    }

    @Test("the update follows the last sum")
    func update() {
        // All is final at the end of 100 ms; four buckets take 10, 15, 4 and 10 ms, and the update 10 ms.
        var measured = measurement()
        for index in 1...4 { measured.events[index].gradients = index == 4 ? 1_000_000 : 0 }
        let network = Link(latency: 0, bandwidth: 1e8)
        let step = step(measured, cluster(2, network), bucket: 1_500_000)
        #expect((step.seconds - 0.15).magnitude < 0.003)
        #expect((step.seconds - step.exposed - 0.11).magnitude < 1e-12)
    }

    @Test("moments cost a round trip in each layer, where they are shared")
    func moments() {
        let network = Link(latency: 1e-3, bandwidth: 1e12)
        let shared = step(measurement(moments: 100), cluster(8, network))
        let own = step(measurement(moments: 100), cluster(8, network), sharesMoments: false)
        #expect((shared.seconds - own.seconds - 3e-3).magnitude < 1e-6)
    }

    @Test("a small message waits for a long one that is on the wire")
    func queueing() {
        var measured = measurement()
        measured.events.append(StepMeasurement.Event(seconds: 0.0001, moments: 10))
        let slow = Link(latency: 0, bandwidth: 1e7)
        // The last bucket's first message of 0.5 MB takes 50 ms.
        let step = step(measured, cluster(2, slow), bucket: 1_000_000)
        let alone = Simulation(
            measurement(), cluster: cluster(2, slow),
            choice: Simulation.Choice(algorithm: .tree, bucketBytes: 1_000_000, sharesMoments: true)
        ).step()
        #expect(step.seconds >= alone.seconds)
    }

    @Test("the slowest of many ranks is as slow as what was measured allows")
    func stragglers() {
        let steps = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0]
        #expect(Stragglers.factor(of: steps, ranks: 1) == 1.1)
        // 1 - 0.9^2 of the steps have one of the slow.
        #expect((Stragglers.factor(of: steps, ranks: 2) - 1.19).magnitude < 1e-12)
        #expect((Stragglers.factor(of: steps, ranks: 1024) - 2).magnitude < 1e-12)
        #expect(Stragglers.factor(of: [3], ranks: 64) == 1)
        #expect(Stragglers.factor(of: [], ranks: 64) == 1)
    }

    @Test("ranks that outnumber cores share them")
    func crowding() {
        let step = step(measurement(), cluster(1, ranks: 4, free))
        #expect(step.seconds > 0.22 && step.seconds < 0.24)
    }

    @Test("the forecast takes the fastest way and knows what ImageNet is")
    func forecast() {
        let cluster = cluster(16, ranks: 4, Link(latency: 30e-6, bandwidth: 1.15e9))
        let best = Forecast(measurement(moments: 128), samples: nil, cluster: cluster, sharesMoments: true)
        for algorithm in Algorithm.allCases {
            for megabytes in Forecast.bucketMegabytes {
                let other = step(measurement(moments: 128), cluster, algorithm, bucket: megabytes << 20)
                #expect(best.step.seconds <= other.seconds)
            }
        }
        #expect(best.batchSize == 32 * 64)
        #expect((best.imageNetSeconds * best.imagesPerSecond - 90 * 1_281_167).magnitude < 1)
        #expect(best.efficiency > 0 && best.efficiency <= 1)
        let half = Forecast(measurement(), samples: 16, cluster: cluster, sharesMoments: false)
        #expect(half.batchSize == 16 * 64 && half.step.seconds < best.step.seconds)
    }

    @Test(
        "networks are known by name and by numbers",
        arguments: [
            ("10gbe", 30e-6, 1.15e9), ("30us,1.15GB/s", 30e-6, 1.15e9), ("1e-4,1e8", 1e-4, 1e8),
            ("2ms,0.25Gbit/s", 2e-3, 3.125e7),
        ])
    func links(text: String, latency: Double, bandwidth: Double) throws {
        let link = try #require(Link(text))
        #expect((link.latency / latency - 1).magnitude < 1e-12 && (link.bandwidth / bandwidth - 1).magnitude < 1e-12)
    }

    @Test(
        "words that are no network are refused",
        arguments: ["", "20gbe", "1us", "1us,", "1us,0", "-1us,1e9", "1,2,3", "nan,1e9"])
    func notLinks(text: String) { #expect(Link(text) == nil) }
}
