import CheckpointFaults
import Testing

@testable import Checkpoints

@Suite struct RetentionTests {
    /// Checkpoints at these steps, ten steps an epoch.
    private func candidates(_ accuracies: [Int: Double?]) -> [Retention.Candidate] {
        accuracies.map { step, accuracy in
            Retention.Candidate(step: step, epoch: step / 10, metrics: accuracy.map { ["accuracy": $0] } ?? [:])
        }
    }

    @Test("the newest checkpoints stay", arguments: 1...5)
    func last(count: Int) {
        let all = candidates([10: nil, 20: nil, 30: nil, 40: nil])
        #expect(Retention(last: count).kept(all) == Set([40, 30, 20, 10].prefix(count)))
    }

    @Test("the best checkpoints stay, of equals the oldest, and none that is not measured or no number")
    func best() {
        let all = candidates([10: 0.5, 20: 0.9, 30: .nan, 40: nil, 50: 0.9, 60: 0.1])
        func kept(_ count: Int, isHigherBetter: Bool) -> Set<Int> {
            Retention(last: 1, best: .init(count, metric: "accuracy", isHigherBetter: isHigherBetter)).kept(all)
        }
        #expect(kept(1, isHigherBetter: true) == [60, 20])
        #expect(kept(2, isHigherBetter: true) == [60, 20, 50])
        #expect(kept(3, isHigherBetter: true) == [60, 20, 50, 10])
        #expect(kept(9, isHigherBetter: true) == [60, 20, 50, 10])
        #expect(kept(2, isHigherBetter: false) == [60, 10])
    }

    @Test(
        "a checkpoint with a metric that is infinite or none is never among the best",
        arguments: [Double.nan, .infinity])
    func notFinite(loss: Double) {
        let all = [
            Retention.Candidate(step: 10, epoch: 1, metrics: ["accuracy": 0.9, "loss": loss]),
            Retention.Candidate(step: 20, epoch: 2, metrics: ["accuracy": 0.1, "loss": 2.3]),
            Retention.Candidate(step: 30, epoch: 3, metrics: ["accuracy": .infinity, "loss": 1]),
            Retention.Candidate(step: 40, epoch: 4, metrics: [:]),
        ]
        let best = Retention.Best(2, metric: "accuracy", isHigherBetter: true)
        #expect(Retention(last: 1, best: best).kept(all) == [40, 20])
    }

    @Test("of every so many epochs the first checkpoint stays, wherever it falls")
    func everyEpochs() {
        let all = candidates([5: nil, 19: nil, 20: nil, 25: nil, 31: nil, 44: nil, 47: nil, 81: nil, 83: nil])
        #expect(Retention(last: 1, everyEpochs: 2).kept(all) == [20, 44, 81, 83])
        #expect(Retention(last: 1, everyEpochs: 1).kept(all) == [19, 20, 31, 44, 81, 83])
    }

    @Test(
        "pruning step by step keeps the checkpoints that pruning at the end keeps"
    )
    func stepByStep() {
        let rules = [
            Retention(last: 2, best: .init(2, metric: "accuracy", isHigherBetter: true), everyEpochs: 3),
            Retention(last: 1, everyEpochs: 2),
            Retention(last: 3, best: .init(1, metric: "accuracy", isHigherBetter: false)),
        ]
        let all = (1...60).map { step in
            Retention.Candidate(step: step * 7, epoch: step * 7 / 10, metrics: ["accuracy": Double(step * 37 % 23)])
        }
        for rule in rules {
            var there: [Retention.Candidate] = []
            for candidate in all {
                there.append(candidate)
                let kept = rule.kept(there)
                there.removeAll { !kept.contains($0.step) }
            }
            #expect(Set(there.map(\.step)) == rule.kept(all))
        }
    }

    @Test("retention in a folder leaves a damaged checkpoint alone and does not count it")
    func folder() throws {
        let disk = MemoryDisk()
        // Accuracy falls with each step: the first is the best.
        let retention = Retention(
            last: 2, best: .init(1, metric: "test_accuracy", isHigherBetter: true), everyEpochs: 2)
        let directory = CheckpointDirectory(
            path: "/c", retention: retention, compression: Compression(threads: 0), files: disk)
        for step in 1...14 {
            try directory.commit(Specimen.state(step: step, noise: 0))
            if step == 4 { disk.overwrite("/c/step-000000004.safetensors.zst", with: [0x28, 0xB5, 0x2F, 0xFD, 0]) }
        }
        // Four steps an epoch: epoch 2 is complete after step 8.
        #expect(try directory.entries().map(\.step) == [14, 13, 8, 4, 1])
    }
}
