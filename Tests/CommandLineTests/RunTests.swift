import CommandSupport
import Engine
import Foundation
import Testing
import Training

/// The binary, from its flags to its files.
@Suite("The command line", .serialized)
struct RunTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private func train(_ output: String, _ more: String..., ranks: Int? = nil) throws -> Outcome {
        let outcome = try commands.run(
            [
                "--model", "lenet", "--data", try commands.tinyData(), "--batch-size", "16", "--lr", "0.5", "--threads",
                "1",
                "--log-every", "1", "--output", output,
            ] + more,
            ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome
    }

    private struct Record: Decodable {
        let kind: String
        let step: Int
        let loss: Double
        let accuracy: Double
        let parameters_sha256: String?
    }

    private func records(_ output: String) throws -> [Record] {
        let text = try String(contentsOfFile: "\(commands.folder)/\(output)/metrics.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").filter { $0.contains("\"loss\": ") }.map { line in
            try JSONDecoder().decode(Record.self, from: Data(line.utf8))
        }
    }

    private func digest(_ output: String) throws -> String {
        try #require(try records(output).last?.parameters_sha256)
    }

    private func checkpoints(_ output: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(commands.folder)/\(output)/checkpoints").sorted()
    }

    @Test("a run of two ranks ends with the bits of one", .withOurKernels)
    func ranks() throws {
        _ = try train("one", "--epochs", "2")
        let outcome = try train("two", "--epochs", "2", ranks: 2)
        #expect(try digest("two") == digest("one"))
        #expect(try records("two").map(\.loss.bitPattern) == records("one").map(\.loss.bitPattern))
        // Only rank 0 prints lines.
        #expect(outcome.output.components(separatedBy: "Test accuracy").count == 2)
    }

    @Test(
        "ranks share batch-norm moments: 20 steps' losses and the end have the same bits on 1, 2, 4 and 8",
        .withOurKernels)
    func batchNormAcrossRanks() throws {
        func train(_ output: String, ranks: Int?) throws -> [UInt64] {
            let outcome = try commands.run(
                "--model", "lenet_bn", "--data", try commands.tinyData(), "--batch-size", "16", "--steps", "20",
                "--log-every", "1", "--threads", "1", "--output", output, ranks: ranks)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let losses = try records(output).filter { $0.kind == "train" }.map(\.loss.bitPattern)
            #expect(losses.count == 20)
            return losses
        }
        let losses = try train("alone", ranks: nil)
        for ranks in [2, 4, 8] {
            #expect(try train("ranks\(ranks)", ranks: ranks) == losses)
            #expect(try digest("ranks\(ranks)") == digest("alone"))
        }
    }

    @Test(
        "a resumed run needs no flags for model and data, and ends with the bits of one that never stopped",
        .withOurKernels)
    func resume() throws {
        _ = try train("whole", "--epochs", "3")
        _ = try train("broken", "--epochs", "3", ranks: 2)
        for name in try checkpoints("broken").dropFirst() {
            try FileManager.default.removeItem(atPath: "\(commands.folder)/broken/checkpoints/\(name)")
        }
        let resumed = try commands.run("--resume", "--output", "broken", ranks: 2)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try digest("broken") == digest("whole"))
        #expect(try records("broken").map(\.step) == records("whole").map(\.step))
    }

    @Test("a run that was killed resumes to the same bits")
    func kill() throws {
        _ = try train("whole", "--epochs", "60")
        let flags = [
            "--model", "lenet", "--data", try commands.tinyData(), "--batch-size", "16", "--lr", "0.5", "--threads",
            "1",
            "--log-every", "1", "--epochs", "60", "--output", "killed",
        ]
        let killed = try commands.run(flags, killedWhen: { (try? checkpoints("killed").count) ?? 0 >= 2 })
        #expect(killed.status == 128 + SIGKILL)
        let resumed = try commands.run("--resume", "--output", "killed")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try digest("killed") == digest("whole"))
        #expect(try records("killed").map(\.loss.bitPattern) == records("whole").map(\.loss.bitPattern))
    }

    @Test("results of runs are in folders of their own where no folder is given")
    func defaultOutput() throws {
        let flags = ["--model", "lenet", "--data", try commands.tinyData(), "--steps", "1", "--batch-size", "8"]
        for folder in ["runs/lenet-fashion-mnist", "runs/lenet-fashion-mnist-2"] {
            let outcome = try commands.run(flags)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("Results are in \(folder):"))
            #expect(FileManager.default.fileExists(atPath: "\(commands.folder)/\(folder)/metrics.jsonl"))
        }
    }

    @Test("the last line names the files that a run has left, and none that it was told to leave out")
    func results() throws {
        let all = try train("all", "--steps", "1").output
        #expect(
            all.hasSuffix(
                "Results are in all: report.html, metrics.jsonl, evaluation.json, config.yaml, checkpoints/, tensorboard/.\n"
            ))
        let few = try train("few", "--steps", "1", "--report", "none", "--no-tensorboard").output
        #expect(
            few.hasSuffix("Results are in few: metrics.jsonl, evaluation.json, config.yaml, checkpoints/.\n"))
    }

    @Test("a recipe is read, and flags override it")
    func config() throws {
        let recipe = """
            model: lenet
            data: \(try commands.tinyData())
            epochs: 9
            batch_size: 16
            output: configured
            """
        try commands.write(Array(recipe.utf8), to: "recipe.yaml")
        let outcome = try commands.run("train", "--config", "recipe.yaml", "--steps", "2")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try records("configured").last?.step == 2)
        let kept = try String(contentsOfFile: commands.folder + "/configured/config.yaml", encoding: .utf8)
        #expect(kept.contains("steps: 2") && kept.contains("batch_size: 16") && !kept.contains("epochs: 9"))
    }

    @Test("a checkpoint is evaluated to the loss and accuracy that its run printed", arguments: [nil, 2] as [Int?])
    func evaluate(ranks: Int?) throws {
        _ = try train("run", "--steps", "3")
        let file = try #require(try checkpoints("run").last)
        let outcome = try commands.run(
            "evaluate", "--checkpoint", "run/checkpoints/\(file)", "--data", try commands.tinyData(), "--json",
            ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let result = try JSONDecoder().decode(Result.self, from: Data(outcome.output.utf8))
        let final = try #require(try records("run").last)
        #expect(result.samples == 12)
        #expect(result.loss.bitPattern == final.loss.bitPattern)
        #expect(result.accuracy == final.accuracy)
    }

    private struct Result: Decodable {
        let samples: Int
        let loss: Double
        let accuracy: Double
    }

    @Test("models are listed in a form for people and in one for programs", arguments: [nil, 2] as [Int?])
    func models(ranks: Int?) throws {
        struct Model: Decodable {
            let name: String
            let parameters: Int
        }
        let outcome = try commands.run("models", "--json", ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let models = try JSONDecoder().decode([Model].self, from: Data(outcome.output.utf8))
        let table = try commands.run("models").output
        for (name, parameters) in [("lenet", 61_706), ("resnet18", 11_689_512), ("densenet121", 7_978_856)] {
            #expect(models.first { $0.name == name }?.parameters == parameters)
            #expect(table.contains(name))
        }
    }

    @Test("a summary shows layers, shapes, parameters and work")
    func summary() throws {
        let outcome = try commands.run("summary", "--model", "resnet18")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let first = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("conv1") })
        let cells = first.split(separator: " ").map(String.init)
        #expect(cells == ["conv1", "Conv2d", "112x112x64", "9,408", "118,013,952"])
        #expect(outcome.output.contains("11,689,512"))
        #expect(outcome.output.contains("1.81 G"))
    }

    @Test("a summary has a form for programs too, and takes model options")
    func summaryObject() throws {
        let outcome = try commands.run(
            "summary", "--model", "densenet_bc_100_12", "--model-option", "growth_rate=4", "--classes", "7", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let layers = try #require(object["layers"] as? [[String: Any]])
        let parameters = try #require(object["parameters"] as? Int)
        #expect(layers.compactMap { $0["parameters"] as? Int }.reduce(0, +) == parameters)
        #expect(object["parameter_bytes"] as? Int == 4 * parameters)
        #expect(object["classes"] as? Int == 7 && object["image_size"] as? Int == 32)
        #expect(layers.last?["output"] as? [Int] == [1, 1, 7])
        let forward = try #require(object["forward_bytes"] as? Int)
        let both = try #require(object["forward_and_backward_bytes"] as? Int)
        #expect(forward > 0 && both > forward)
    }

    @Test("weights are exported, imported and used as initial weights, to the same bits")
    func weights() throws {
        _ = try train("run", "--steps", "3", "--model-option", "activation=relu")
        let file = try #require(try checkpoints("run").last)
        for (input, output) in [("run/checkpoints/\(file)", "a.safetensors"), ("c.zst", "b.safetensors")] {
            if input == "c.zst" {
                let made = try commands.run(
                    "checkpoint", "import", "--model", "lenet", "--model-option", "activation=relu", "--input",
                    "a.safetensors", "--output", input)
                #expect(made.status == 0, "\(made.errors)")
            }
            let written = try commands.run("checkpoint", "export", input, "--output", output)
            #expect(written.status == 0, "\(written.errors)")
        }
        let exported = try Data(contentsOf: URL(filePath: commands.folder + "/a.safetensors"))
        #expect(try Data(contentsOf: URL(filePath: commands.folder + "/b.safetensors")) == exported)
        let shown = try commands.run("checkpoint", "inspect", "c.zst").output
        #expect(shown.contains("model: lenet\n") && shown.contains("model_options: {\"activation\":\"relu\"}"))
        let begun = try train(
            "begun", "--steps", "1", "--model-option", "activation=relu", "--init", "c.zst", "--lr-multiplier", "0=0",
            "--loss-precision", "full", "--shuffle", "off", "--augment", "none", "--dropout", "0")
        #expect(begun.output.contains("beginning with 10 of 10 tensors from c.zst"))
        #expect(begun.output.contains("156 of 61,706 parameters are frozen"))
        let loss = try #require(try records("begun").last?.loss)
        #expect(begun.output.contains("(loss \(loss),"))
    }

    @Test("bench prints all that its documentation promises", arguments: [nil, 2] as [Int?])
    func bench(ranks: Int?) throws {
        let outcome = try commands.run(
            "bench", "--model", "lenet", "--batch-size", "8", "--threads", "1", "--steps", "3", "--json", ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "model", "batch_size", "image_size", "ranks", "threads", "isa", "median_images_per_second",
                "best_images_per_second", "gflops_per_second", "peak_gflops_per_second", "fraction_of_peak",
                "first_step_seconds", "peak_rss_bytes", "measurement", "compute_seconds", "communication_seconds",
                "exposed_communication_seconds", "page_faults",
            ])
        let exposed = try #require(object["exposed_communication_seconds"] as? Double)
        #expect(ranks == nil ? exposed >= 0 : exposed > 0)
        #expect(object["ranks"] as? Int == ranks ?? 1)
        #expect(object["batch_size"] as? Int == 8)
        let speed = try JSONDecoder().decode(Speed.self, from: Data(outcome.output.utf8))
        let work = speed.gflops_per_second
        // 416,520 multiply-adds an image, six operations each in a training step; rounding errors of four operations.
        #expect((work / (speed.median_images_per_second * 416_520 * 6 / 1e9) - 1).magnitude < 4 * Double.ulpOfOne)
        #expect(speed.fraction_of_peak == work / speed.peak_gflops_per_second)
        #expect(speed.fraction_of_peak > 0 && speed.fraction_of_peak < 1)
    }

    /// The measured speed, exact to the last bit: JSONSerialization makes decimal numbers of many digits, and loses it.
    private struct Speed: Decodable {
        // The names are the file's keys.
        // swift-format-ignore: AlwaysUseLowerCamelCase
        let median_images_per_second, gflops_per_second, peak_gflops_per_second, fraction_of_peak: Double
    }

    @Test(
        "steps take no new memory pages from the system",
        .enabled(if: Backend.avx2.isSupported, "OpenBLAS takes memory as it goes"), arguments: [nil, 2] as [Int?])
    func pages(ranks: Int?) throws {
        let outcome = try commands.run(
            "bench", "--model", "resnet18_cifar", "--image-size", "16", "--batch-size", "8", "--threads", "2",
            "--steps", "50", "--json", ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        // Fewer than one a step: arrays of measurements grow, and the system may take pages back by itself.
        #expect(try #require(object["page_faults"] as? Int) < 50)
    }

    /// Returns (threads, ranks, cores) as a run prints them, with Open MPI told to bind each process to one core.
    private func machine(ranks: Int?, cores: [Int]? = nil) throws -> [Int] {
        let outcome = try commands.run(
            ["--model", "lenet", "--data", commands.tinyData(), "--steps", "1", "--batch-size", "8"], ranks: ranks,
            cores: cores, environment: ["OMPI_MCA_hwloc_base_binding_policy": "core"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let line = try #require(outcome.output.split(separator: "\n").first { $0.contains("machine") })
        let numbers = try #require(line.firstMatch(of: /(\d+) threads? a rank \((\d+) ranks? on (\d+) cores?\)/))
        return [numbers.1, numbers.2, numbers.3].compactMap { Int($0) }
    }

    @Test("a rank uses its share of the cores, although mpirun binds it to one", arguments: [1, 2])
    func binding(ranks: Int) throws {
        let cores = try machine(ranks: nil)[2]
        #expect(cores == MachineCores.count)
        #expect(try machine(ranks: ranks) == [max(cores / ranks, 1), ranks, cores])
    }

    @Test("ranks share the cores that mpirun itself may use", arguments: [nil, 1, 2] as [Int?])
    func launcherBinding(ranks: Int?) throws {
        let last = try #require(MachineCores.affinity().last)
        #expect(try machine(ranks: ranks, cores: [last]) == [1, ranks ?? 1, 1])
    }

    @Test(
        "help and version are printed once and are no error",
        arguments: [["--help"], ["train", "--help"], ["--version"]])
    func help(arguments: [String]) throws {
        let alone = try commands.run(arguments)
        let together = try commands.run(arguments, ranks: 2)
        for outcome in [alone, together] {
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
        }
        #expect(alone.output == together.output)
        #expect(alone.output.contains(arguments == ["--version"] ? "cnn-train" : "USAGE: cnn-train"))
    }

    @Test("the help of train lists every promised flag")
    func flags() throws {
        let help = try commands.run("train", "--help").output
        for flag in [
            "--model", "--data", "--config", "--epochs", "--steps", "--batch-size", "--lr", "--momentum",
            "--weight-decay", "--optimizer", "--betas", "--clip-norm", "--clip-value", "--no-decay", "--muon-sgd",
            "--image-size", "--classes", "--threads", "--isa", "--seed", "--output", "--resume", "--log-every",
            "--batch-norm", "--model-option", "--init", "--init-skip-mismatched", "--init-force", "--init-scheme",
            "--freeze",
            "--allreduce", "--gradient-dtype", "--bucket-megabytes", "--collective-timeout", "--replica-check-every",
            "--lr-multiplier", "--train-for", "--whitening-images", "--test-augment", "--test-augment-share",
            "--dropout", "--shuffle", "--augment", "--loss-precision", "--virtual-shards",
            "--accumulate", "--average-weights", "--heartbeat", "--snapshot-every",
            "--workers", "--duration", "--set",
        ] {
            #expect(help.contains("\(flag) ") || help.contains("\(flag)\n"), "\(flag)")
        }
    }
}
