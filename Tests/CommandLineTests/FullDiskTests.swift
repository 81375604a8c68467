import CommandSupport
import Foundation
import Runs
import TestSupport
import Testing

/// The files and messages of a run while the disk that it writes to is full.
@Suite("A full disk", .serialized)
struct FullDiskTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    /// Parts of the warnings, each of which is printed once.
    private static let warnings = [
        "the report is not written: ", "cannot write disk/run/evaluation.json", "TensorBoard will not see all of it",
        "the lines are kept until there is room",
    ]
    /// Runs on a disk with only some KiB left, until each warning was printed and steps went on. Then the disk gets
    /// space, and the run is asked to end. `full-1` to `full-5` are copies of the run's folder before there is space,
    /// `run` one at the end.
    private func run() throws -> Outcome {
        let data = try commands.tinyData(train: 3200, test: 200)
        let script = """
            mkdir disk && mount -t tmpfs -o size=16m tmpfs disk || exit 99
            head -c $((16 * 1024 * 1024 - 73728)) /dev/zero >disk/filler
            "$BINARY" --model lenet --data '\(data)' --batch-size 16 --threads 1 --log-every 1 --epochs 100000 \\
                --checkpoint-every 1000epochs --output disk/run >log 2>errors &
            run=$!
            steps() { grep -c '%' log; }
            wait_for() { until [ "$("$@")" -ge "$least" ]; do kill -0 $run || exit 98; sleep 0.05; done; }
            said() {
                for words in \(Self.warnings.map { "'\($0)'" }.joined(separator: " ")); do
                    grep -q "$words" errors || { echo 0; return; }
                done
                echo 1
            }
            least=1; wait_for said
            least=$(($(steps) + 600)); wait_for steps
            for number in 1 2 3 4 5; do cp -r disk/run full-$number; sleep 0.1; done
            rm disk/filler
            least=$(($(steps) + 300)); wait_for steps
            kill -USR1 $run
            wait $run
            code=$?
            cp -r disk/run run
            cat errors >&2
            exit $code
            """
        return try commands.run(
            words: ["unshare", "-m", "sh", "-c", script], environment: ["BINARY": try Commands.binary()])
    }

    private func names(in folder: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: "\(commands.folder)/\(folder)"))
    }

    private func events(in folder: String) throws -> EventRecords {
        let path = "\(commands.folder)/\(folder)/tensorboard"
        let files = try FileManager.default.contentsOfDirectory(atPath: path)
        try #require(files.count == 1)
        return try EventRecords(path: "\(path)/\(files[0])")
    }

    @Test(
        "a full disk ends no run: its files are whole or missing, are reported once, and come when there is space")
    func showing() throws {
        let outcome = try run()
        // Only a user that may mount can run the test.
        guard outcome.status != 99, !outcome.errors.contains("unshare:") else { return }
        #expect(outcome.status == 75, "\(outcome.errors)")
        for words in Self.warnings {
            #expect(outcome.complaints.count { $0.contains(words) } == 1, "\(words): \(outcome.errors)")
        }
        #expect(outcome.complaints.filter { $0.contains("warning: ") }.count == Self.warnings.count)
        for line in outcome.complaints where line.contains("evaluation.json") {
            #expect(line.components(separatedBy: "evaluation.json").count == 2, "the file is named once: \(line)")
        }

        let whole: Set = [
            "facts.json", "config.yaml", "metrics.jsonl", "run.id", "run.lock", "checkpoints", "tensorboard",
        ]
        let copies = (1...5).map { "full-\($0)" }
        for copy in copies {
            let full = try names(in: copy)
            #expect(full.isSubset(of: whole), "nothing half-written lies about: \(full)")
        }
        let (early, late) = (try copies.map(events), try events(in: "run"))
        #expect(early.allSatisfy { !$0.isDamaged } && !late.isDamaged && late.tornBytes == 0)
        // A copy may have caught a part of a record before it is removed; not each of them, unless it stays.
        #expect(early.contains { $0.tornBytes == 0 }, "\(early.map(\.tornBytes))")
        #expect(early.allSatisfy { late.events.count > $0.events.count })

        let detail = try EvaluationDetail(contentsOf: "\(commands.folder)/run/evaluation.json")
        #expect(detail.samples == 200 && !detail.wrong.isEmpty)
        let report = try String(contentsOfFile: "\(commands.folder)/run/report.html", encoding: .utf8)
        #expect(report.hasSuffix("</html>\n"))
        let steps = try String(contentsOfFile: "\(commands.folder)/run/metrics.jsonl", encoding: .utf8)
            .matches(of: /"kind": "train", "epoch": \d+, "step": (\d+),/).map { Int($0.1) ?? 0 }
        #expect(steps.count > 900 && steps == Array(1...steps.count), "every line was kept until there was room")
        #expect(try names(in: "run/checkpoints").contains { $0.hasSuffix(".safetensors.zst") })
    }
}
