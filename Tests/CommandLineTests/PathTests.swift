import CommandSupport
import Foundation
import Testing

/// Paths of files and folders, in all ways in which users give them.
@Suite("A path", .serialized)
struct PathTests {
    private let commands: Commands
    private let folder: String
    private let home: String

    init() throws {
        commands = try Commands()
        folder = commands.folder
        home = folder + "/home"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    }

    private var manager: FileManager { .default }

    private func exists(_ name: String) -> Bool { manager.fileExists(atPath: folder + "/" + name) }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
    }

    /// Returns a recipe of the shortest run, in a folder with data.
    private func recipe(_ line: String) throws -> String {
        "model: lenet\ndata: \(try commands.tinyData())\nsteps: 1\nbatch_size: 8\nthreads: 1\n\(line)\n"
    }

    private func train(_ line: String) throws -> Outcome {
        try commands.write(Array(try recipe(line).utf8), to: "recipe.yaml")
        return try commands.run(["--config", "recipe.yaml"], environment: ["HOME": home])
    }

    /// Trains a run with one checkpoint in `run`.
    private func trained() throws -> String {
        let outcome = try train("output: run")
        try #require(outcome.status == 0, "\(outcome.errors)")
        return "run/checkpoints/step-000000001.safetensors.zst"
    }

    @Test("a path with ~ at its beginning lies in the home folder, in YAML and behind =, for every output of a run")
    func homeFolder() throws {
        #expect(try train("output: ~/x").status == 0)
        for name in ["metrics.jsonl", "config.yaml", "checkpoints"] { #expect(exists("home/x/" + name)) }
        let metrics = try text("home/x/metrics.jsonl")
        let again = try train("output: ~/x")
        #expect(again.status == 1 && again.errors.contains("\(home)/x already holds a run"), "\(again.errors)")
        #expect(try text("home/x/metrics.jsonl") == metrics)

        let flags = try commands.run(
            ["--config=~/r.yaml", "--output=~/y"], environment: ["HOME": home])
        #expect(flags.status != 0 && flags.errors.contains("\(home)/r.yaml"), "\(flags.errors)")
        try commands.write(Array(try recipe("").utf8), to: "home/r.yaml")
        #expect(try commands.run(["--config=~/r.yaml", "--output=~/y"], environment: ["HOME": home]).status == 0)
        #expect(exists("home/y/config.yaml") && !exists("~"))
        let evaluated = try commands.run(
            ["evaluate", "--checkpoint=~/y/checkpoints/step-000000001.safetensors.zst"], environment: ["HOME": home])
        #expect(evaluated.status == 0, "\(evaluated.errors)")
        let unknown = try commands.run("checkpoint", "verify", "~no-such-user/x")
        #expect(unknown.status == 64 && unknown.errors.contains("no user no-such-user"), "\(unknown.errors)")
    }

    @Test(
        "a path that is null, ~, False or no counts as not given: the run chooses a folder of its own",
        arguments: ["output: null", "output: ~", "output: False", "resume: False", "resume: no", "nesterov: True"])
    func notGiven(line: String) throws {
        let outcome = try train(line)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(exists("runs/lenet-fashion-mnist/config.yaml"))
        for name in ["null", "~", "False"] { #expect(!exists(name)) }
    }

    @Test("a path that is not UTF-8 names the same file for every system call, and is shown escaped")
    func bytes() throws {
        let data = try commands.tinyData()
        let trained = try commands.shell(
            "$cnn --model lenet --data \(data) --steps 1 --batch-size 8 --threads 1 --output $'r\\xE9' && "
                + "cat $'r\\xE9/metrics.jsonl' > metrics && "
                + "$cnn checkpoint verify $'r\\xE9' && "
                + "$cnn checkpoint export $'r\\xE9' --output=$'w\\xFF.safetensors' && mv $'w\\xFF.safetensors' w && "
                + "$cnn --resume --output $'r\\xE9' --steps 2 && mv $'r\\xE9' r && ls")
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.output.contains("r\\xE9/checkpoints/step-000000001.safetensors.zst: holds"))
        #expect(trained.output.contains("w\\xFF.safetensors: 10 tensors"))
        #expect(try text("metrics").contains("\"final\""))
        #expect(exists("r/checkpoints/step-000000002.safetensors.zst") && exists("w"))
        let missing = try commands.shell("$cnn checkpoint verify --json $'m\\xE9'")
        #expect(missing.status == 1 && missing.output.contains("\"path\":\"m\\udce9\""), "\(missing.output)")
        let image = try commands.shell("$cnn predict --checkpoint w --model lenet $'i\\xE9.png'")
        #expect(image.status == 1 && image.errors.contains("i\\xE9.png"), "\(image.errors)")
    }

    /// Commands that write a file.
    static let writers = [
        "checkpoint export run --output", "export --checkpoint CHECKPOINT --output",
        "checkpoint average CHECKPOINT CHECKPOINT --output", "checkpoint import --model lenet --input w --output",
        "bench --model lenet --batch-size 8 --steps 1 --threads 1 --trace",
    ]

    @Test("a path of a device, a pipe or a link is written through, and stays what it is", arguments: writers)
    func writtenThrough(writer: String) throws {
        let checkpoint = try trained()
        _ = try commands.run("checkpoint", "export", "run", "--output", "w")
        let command = "$cnn " + writer.replacing("CHECKPOINT", with: checkpoint)
        let outcome = try commands.shell(
            """
            ln -s /dev/null null; touch target; ln -s target link; ln -s none/../made dangling; mkfifo pipe; mkdir none
            \(command) link && \(command) null && \(command) dangling && \(command) file
            cat pipe > piped & \(command) pipe; wait
            """)
        #expect(outcome.status == 0, "\(outcome.errors)")
        for (link, target) in [("null", "/dev/null"), ("link", "target"), ("dangling", "none/../made")] {
            #expect(try manager.destinationOfSymbolicLink(atPath: "\(folder)/\(link)") == target)
        }
        let sizes = try ["target", "made", "file", "piped"].map { name in
            try #require(manager.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int)
        }
        #expect(sizes.allSatisfy { $0 > 1000 }, "\(sizes)")
        // Times in a trace differ.
        if !writer.hasPrefix("bench") {
            let contents = ["target", "made", "file", "piped"].map { manager.contents(atPath: "\(folder)/\($0)") }
            #expect(Set(contents).count == 1)
        }
        for (name, words) in [
            ("none", "a folder"), ("new/", "a folder's name"), ("/dev/stdout", "prints to"),
            ("missing/x", "No such file"),
        ] {
            let refused = try commands.shell("\(command) \(name) | cat; exit ${PIPESTATUS[0]}")
            #expect(refused.status == 1 && refused.errors.contains(words), "\(name): \(refused.errors)")
            #expect(refused.complaints.count == 1)
        }
        #expect(try manager.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasSuffix(".partial") })
    }

    @Test(
        "a path with the ending of another format is refused, and safetensors are uncompressed if their name says so"
    )
    func endings() throws {
        let checkpoint = try trained()
        let mean = "checkpoint average \(checkpoint) --output"
        for command in [mean, "checkpoint export run --output"] {
            for (name, magic) in [("a.safetensors", nil), ("a.safetensors.zst", [0x28, 0xB5, 0x2F, 0xFD])]
                as [(String, [UInt8]?)]
            {
                let outcome = try commands.shell("$cnn \(command) \(name) && $cnn checkpoint verify \(name)")
                #expect(outcome.status == 0, "\(outcome.errors)")
                let head = try #require(manager.contents(atPath: folder + "/" + name)).prefix(9)
                #expect(magic.map { head.starts(with: $0) } ?? (head.last == UInt8(ascii: "{")), "\(command) \(name)")
            }
        }
        for (command, name, expected) in [
            (mean, "a.onnx", ".safetensors"), (mean, "a.pth.zst", ".safetensors"),
            ("export --checkpoint \(checkpoint) --output", "b.safetensors", ".onnx"),
            ("export --checkpoint \(checkpoint) --output", "a.onnx.zst", ".onnx"),
            ("bench --model lenet --trace", "a.json.gz", ".json"),
        ] {
            let outcome = try commands.shell("$cnn \(command) \(name)")
            #expect(outcome.status == 1 && outcome.errors.contains("ends in \(expected)"), "\(outcome.errors)")
            #expect(!exists(name))
        }
    }

    @Test("standard input and pipes are read like files; folders and devices are refused with their kind")
    func inputs() throws {
        let checkpoint = try trained()
        _ = try commands.run("checkpoint", "export", "run", "--output", "w")
        for line in [
            "$cnn checkpoint verify /dev/stdin < \(checkpoint)",
            "cat \(checkpoint) | $cnn checkpoint verify /dev/stdin",
            "$cnn checkpoint diff \(checkpoint) <(cat \(checkpoint))", "cat w | $cnn checkpoint inspect /dev/stdin",
            "$cnn evaluate --checkpoint <(cat \(checkpoint))",
            "cat recipe.yaml | sed s/run/run2/ | $cnn --config /dev/stdin",
            "$cnn launch --dry-run --hostfile <(echo a slots=2) -- train",
            "$cnn plan --measured <($cnn bench --model lenet --batch-size 8 --steps 1 --json)",
        ] {
            let outcome = try commands.shell(line)
            #expect(outcome.status == 0, "\(line): \(outcome.errors)")
        }
        let inputs = [
            "checkpoint inspect", "evaluate --checkpoint", "predict x.png --checkpoint", "--config",
            "predict --model lenet --checkpoint w", "launch --dry-run --hostfile", "plan --measured",
        ]
        for input in inputs {
            for (name, words) in [("/dev/zero", "a device"), ("home", "folder"), ("missing", "no such file")] {
                let outcome = try commands.shell(
                    "$cnn \(input) \(name)" + (input.hasPrefix("launch") ? " -- train" : ""))
                #expect(outcome.status != 0 && outcome.errors.contains(words), "\(input) \(name): \(outcome.errors)")
                #expect(outcome.complaints.count == 1 && outcome.seconds < 20, "\(input) \(name): \(outcome.errors)")
            }
        }
        let resumed = try commands.shell("cat \(checkpoint) | $cnn --resume /dev/stdin")
        #expect(resumed.status == 1 && resumed.errors.contains("a pipe"), "\(resumed.errors)")
    }

    @Test("runs that start at the same time without an output folder each choose one of their own")
    func atOnce() throws {
        let data = try commands.tinyData()
        let outcome = try commands.shell(
            """
            for i in 1 2 3 4; do
              $cnn --model lenet --data \(data) --steps 1 --batch-size 8 --threads 1 --seed $i > o$i 2>&1 & all+=($!)
            done
            for one in ${all[@]}; do wait $one || exit 1; done
            """)
        #expect(outcome.status == 0, "\((1...4).map { (try? text("o\($0)")) ?? "" })")
        let runs = try manager.contentsOfDirectory(atPath: folder + "/runs")
        #expect(runs.count == 4)
        let seeds = try runs.flatMap { name in
            try text("runs/\(name)/config.yaml").split(separator: "\n").filter { $0.hasPrefix("seed: ") }
        }
        #expect(Set(seeds).count == 4)
        // A run that fails at its start leaves no folder.
        let failed = try commands.run("--model", "lenet", "--data", data, "--init", "missing.safetensors")
        #expect(failed.status == 1)
        #expect(try manager.contentsOfDirectory(atPath: folder + "/runs").count == 4)
    }
}
