import CommandSupport
import Foundation
import Testing

/// The binary starts mpirun by itself.
@Suite("Launch", .serialized)
struct LaunchTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private func arguments(_ output: String, steps: Int) throws -> [String] {
        [
            "--model", "lenet", "--data", try commands.tinyData(), "--batch-size", "16", "--threads", "1", "--steps",
            "\(steps)", "--output", output,
        ]
    }

    private func hasBegun(_ output: String) -> Bool {
        (try? Data(contentsOf: URL(filePath: "\(commands.folder)/\(output)/metrics.jsonl")))?.isEmpty == false
    }

    @Test("launch and its short form train on as many processes as asked for, and say how they were started")
    func trains() throws {
        let started = [
            try commands.run(["launch", "-n", "2", "train"] + arguments("a", steps: 3)),
            try commands.run(["launch", "-n", "2", "--"] + arguments("b", steps: 3)),
            try commands.run(["--workers", "2"] + arguments("c", steps: 3)),
            try commands.run(["train"] + arguments("d", steps: 3) + ["--workers=2"]),
        ]
        for outcome in started {
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("(2 ranks on "))
            #expect(outcome.errors.contains("cnn-train: mpirun -n 2 "))
        }
    }

    @Test("the exit code is the job's, and the error is its own")
    func exitCode() throws {
        let outcome = try commands.run("launch", "-n", "2", "train", "--model", "resnet81")
        #expect(outcome.status == 1)
        #expect(outcome.complaints.contains { $0.contains("resnet81") })
        #expect(try commands.run("--workers", "2", "--modle", "lenet").status == 64)
    }

    @Test("launch says what cannot be launched, and starts nothing")
    func mistakes() throws {
        for (arguments, words) in [
            (["launch", "-n", "2"], "what shall be launched"), (["launch", "train"], "how many ranks"),
            (["launch", "-n", "0", "train"], "-n is 0"), (["launch", "--hosts", "a:x", "train"], "'x' is no number"),
            (["launch", "--hosts", "a:1", "--hostfile", "f", "train"], "give one"),
            (["--workers", "many", "train"], "many"),
        ] {
            let outcome = try commands.run(arguments)
            #expect(outcome.status != 0)
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
            #expect(!outcome.errors.contains("mpirun -n"))
        }
        let nested = try commands.run("--workers", "2", "--model", "lenet", ranks: 2)
        #expect(nested.status != 0 && nested.complaints.count == 1 && nested.errors.contains("--workers"))
    }

    @Test("a dry run prints the call for machines that are not there")
    func dryRun() throws {
        let outcome = try commands.run(
            "launch", "--hosts", "a.invalid:4,b.invalid:4", "--dry-run", "--", "bench", "--model", "lenet")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("mpirun -n 8 --host a.invalid:4,b.invalid:4 --map-by node --bind-to none "))
        #expect(outcome.output.hasSuffix("/cnn-train bench --model lenet\n"))
    }

    @Test("standard input stays with the loop around a launch, unless the command names it")
    func standardInput() throws {
        for launch in ["launch -n 2 models", "--workers 2 models"] {
            let loop = "while read x; do echo $x; \"$BINARY\" \(launch) >/dev/null || exit 1; done"
            let outcome = try commands.run(script: "printf '1\\n2\\n3\\n' | \(loop)")
            #expect(outcome.status == 0 && outcome.output == "1\n2\n3\n", "\(outcome.errors)")
        }
        let named = try commands.run("launch", "-n", "2", "--dry-run", "--", "--config", "/dev/stdin")
        #expect(!named.output.contains("--stdin"))
    }

    @Test("a job goes on when nobody reads what it says, and all of it arrives where somebody does")
    func pipes() throws {
        let words = try arguments("head", steps: 60).map { "'\($0)'" }.joined(separator: " ") + " --log-every 1"
        let outcome = try commands.run(
            script: "{ \"$BINARY\" --workers 2 \(words); echo \"code $?\" >&2; } | head -1")
        #expect(outcome.errors.contains("code 0"), "\(outcome.errors)")
        #expect(outcome.errors.contains("nobody reads standard output any more; the job goes on"))
        let log = try String(contentsOfFile: "\(commands.folder)/head/metrics.jsonl", encoding: .utf8)
        #expect(log.contains("\"kind\": \"final\""))
        for redirection in ["", "2>&1"] {
            let read = try commands.run(script: "\"$BINARY\" --workers 2 models \(redirection) | cat")
            #expect(read.output.contains("\nlenet ") && read.output.contains("\nmobilenet_v2 "))
            #expect((read.output + read.errors).contains("cnn-train: mpirun -n 2 "))
        }
    }

    @Test("launch shows its own help and that of what it launches")
    func help() throws {
        let own = try commands.run("launch", "--help")
        #expect(own.status == 0 && own.output.contains("--hostfile"), "\(own.errors)")
        let other = try commands.run("launch", "-n", "1", "bench", "--help")
        #expect(other.status == 0 && other.output.contains("--profile"), "\(other.errors)")
    }

    @Test("a hostfile may be a pipe")
    func pipedHostfile() throws {
        let outcome = try commands.run(
            script: "printf 'node1 slots=2\\n' | \"$BINARY\" launch --hostfile /dev/stdin --dry-run train")
        #expect(outcome.output.hasPrefix("mpirun -n 2 --host node1:2 "), "\(outcome.errors)")
    }

    @Test("a hostfile with the line ends of Windows is read")
    func windowsHostfile() throws {
        try commands.write(Array("node1 slots=2\r\nnode2 slots=2\r\n".utf8), to: "hosts.txt")
        let outcome = try commands.run("launch", "--hostfile", "hosts.txt", "--dry-run", "train")
        #expect(outcome.output.hasPrefix("mpirun -n 4 --host node1:2,node2:2 --map-by "), "\(outcome.errors)")
    }

    @Test("a process alone starts no daemon, and needs neither PATH nor many files")
    func alone() throws {
        let words = try arguments("alone", steps: 3).map { "'\($0)'" }.joined(separator: " ")
        let outcome = try commands.run(script: "ulimit -n 24; export PATH=; exec \"$BINARY\" \(words)")
        #expect(outcome.status == 0 && outcome.errors == "", "\(outcome.errors)")
        let refused = try commands.run(script: "ulimit -n 10; exec \"$BINARY\" \(words)")
        #expect(refused.status == 1 && refused.complaints.count == 1)
        #expect(refused.errors.contains("only 10 files may be open at once"))
        let homeless = try commands.run(script: "export TMPDIR=/dev/null/x; exec \"$BINARY\" \(words)")
        #expect(homeless.status == 1 && homeless.complaints.count == 1)
        let complaint = "its folder in /dev/null/x: it is a device, not a folder"
        #expect(homeless.errors.contains(complaint), "\(homeless.errors)")
    }

    @Test("mpirun is not started where it would wait for files that it may not write")
    func shortFiles() throws {
        let words = try arguments("short", steps: 3).map { "'\($0)'" }.joined(separator: " ")
        let outcome = try commands.run(script: "ulimit -f 64; exec \"$BINARY\" --workers 2 \(words)")
        #expect(outcome.status == 1 && outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("`ulimit -f 16384`"))
    }

    @Test("a signal ends the job and all its ranks", arguments: [SIGINT, SIGTERM])
    func signal(_ number: Int32) throws {
        let output = "signalled\(number)"
        let outcome = try commands.run(
            ["--workers", "2"] + arguments(output, steps: 10_000_000), signal: number,
            killedWhen: { hasBegun(output) })
        #expect(outcome.status != 0 && outcome.status != 124)
        let left = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { process in
            process != "self"
                && (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8))?.contains(output) ?? false
        }
        #expect(left == [])
    }
}
