import Foundation
import Testing

@testable import Recipes

@Suite struct Files {
    @Test(
        "an unknown key is refused with its line and the nearest known key",
        arguments: [
            ("batchsize", "batch_size"), ("batch-size", "batch_size"), ("batch_sizes", "batch_size"),
            ("learning_rate", "lr"), ("epoch", "epochs"), ("Model", "model"), ("treads", "threads"),
            ("wieght_decay", "weight_decay"), ("dataset", "data"), ("num_classes", "classes"), ("ressume", "resume"),
        ])
    func unknownKey(found: String, nearest: String) {
        #expect(
            throws: RecipeError.unknownKey(path: "r.yaml", line: 2, found: found, nearest: nearest)
        ) { try file("data: shapes\n\(found): 1") }
    }

    @Test(
        "a value of another kind is refused with key, line, found and expected",
        arguments: [
            ("epochs: many", "many", "a whole number"), ("epochs: 1.5", "1.5", "a whole number"),
            ("epochs: '3'", "the text \"3\"", "a whole number"), ("epochs: ''", "the text \"\"", "a whole number"),
            ("epochs: [1]", "a list", "a whole number"), ("lr: fast", "fast", "a number above 0"),
            ("lr: {a: 1}", "a mapping", "a number above 0"), ("resume: [a]", "a list", "auto, or the path"),
            ("checkpoint_every: 10", "10", "a list of intervals"), ("keep_every: 10m", "10m", "a number of epochs"),
            ("checkpoint_every: [1epoch, 0steps]", "a list", "a list of intervals"),
            ("on_nan: ignore", "ignore", "stop, skip, rewind"),
            ("seed: -1", "-1", "a whole number from 0"), ("isa: sse2", "sse2", "auto, avx512, avx2, openblas"),
            ("schedule: line", "line", "constant, step, multistep"),
            ("milestones: [30]", "a list", "a list of epochs or steps"),
            ("restart_every: 10min", "10min", "a number of epochs or steps"),
            ("batch_norm: none", "none", "sync, average, local"),
            ("output: yes", "yes", "a path"), ("output: TRUE", "TRUE", "a path"),
            ("threads: no", "no", "a whole number"),
            ("output: ~no-such-user/x", "~no-such-user/x", "a path; ~ and ~user"),
            ("nesterov: yes", "yes", "true or false"),
            (
                "data: 'fashion-mnist:~no-such-user'", "the text \"fashion-mnist:~no-such-user\"",
                "a path, or a dataset's name"
            ),
            ("augment: flop", "flop", "none, or transforms"),
            ("augment: {flip: 1}", "a mapping", "none, or transforms"),
            ("mixup: a", "a", "a number above 0, at most 100"), ("decode: slow", "slow", "exact, fast"),
            ("shuffle: maybe", "maybe", "on or off"),
            ("init_scheme: xavier", "xavier", "reference, torch_default, xavier_uniform"),
            ("freeze: {a: b}", "a mapping", "a list of texts"), ("freeze: [[a]]", "a list", "a list of texts"),
            ("lr_multipliers: [a]", "a list", "a mapping of names to values, each of them a number from 0 to 1000"),
            ("lr_multipliers: {a: b}", "a mapping", "a mapping of names to values"),
            ("model_options: {a: {b: c}}", "a mapping", "a mapping of names to values"),
            ("model_options: stem", "stem", "a mapping of names to values"),
        ])
    func wrongKind(yaml: String, found: String, expected: String) {
        let key = yaml.prefix { $0 != ":" }
        let text = message { _ = try file("# a comment\n\n\(yaml)\n") }
        #expect(text.hasPrefix("r.yaml:3: \(key) is \(found); expected \(expected)"), "\(text)")
    }

    @Test(
        "nothing, in every spelling of YAML's core schema, is not given, whatever the key",
        arguments: ["", "~", "null", "Null", "NULL"])
    func null(spelling: String) throws {
        for key in RecipeKey.all {
            #expect(try file("\(key.name): \(spelling)").isSame(as: file("{}")), "\(key.name)")
        }
        #expect(try file("model_options: {a: \(spelling), b: 1}").modelOptions == ["b": "1"])
    }

    @Test(
        "false, no and none say of a path that it is not given, where they are not quoted",
        arguments: ["false", "False", "FALSE", "no", "No", "off", "none", "None"])
    func refused(word: String) throws {
        for key in ["output", "init", "keep_every", "average_weights"] {
            #expect(try file("\(key): \(word)").isSame(as: file("{}")), "\(key)")
        }
        #expect(try file("resume: \(word)").resume == Recipe.Resume.none)
        #expect(try file("output: '\(word)'").output == word)
        #expect(try file("resume: '\(word)'").resume == .from(path: word))
    }

    @Test("booleans are read in every spelling of YAML's core schema")
    func booleans() throws {
        for word in ["true", "True", "TRUE"] {
            #expect(try file("nesterov: \(word)").nesterov == true)
            #expect(try file("init_skip_mismatched: \(word)").initSkipMismatched == true)
            #expect(try file("shuffle: \(word)").shuffle == true)
            #expect(try file("resume: \(word)").resume == .auto)
        }
        for word in ["false", "False", "FALSE"] {
            #expect(try file("nesterov: \(word)").nesterov == false)
            #expect(try file("shuffle: \(word)").shuffle == false)
        }
        #expect(try file("shuffle: Off").shuffle == false)
    }

    @Test("a home folder at the beginning of a path is the user's, quoted or not, and of a dataset's folder too")
    func home() throws {
        let home = try #require(ProcessInfo.processInfo.environment["HOME"])
        #expect(try file("output: ~/x").output == home + "/x")
        #expect(try file("init: '~root/x'").initFile == "/root/x")
        #expect(try file("resume: ~/x").resume == .from(path: home + "/x"))
        #expect(try file("data: fashion-mnist:~/x").data == "fashion-mnist:\(home)/x")
        #expect(try file("output: ./~").output == "./~")
    }

    @Test("a file that is not UTF-8 names the folder that its bytes name")
    func bytes() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(Array("# caf".utf8) + [0xE9] + Array("\r\noutput: caf".utf8) + [0xE9, 0x0A]).write(
            to: URL(filePath: path))
        let recipe = try RecipeOverrides(contentsOf: path)
        #expect(recipe.output == "caf\u{10FEE9}")
    }

    @Test("a value out of range is refused with the file's line")
    func outOfRange() {
        let text = message {
            _ = try Recipe.resolve(file: file("model: lenet\nbatch_size: 0"), flags: RecipeOverrides())
        }
        #expect(text == "r.yaml:2: batch_size is 0; expected a whole number from 1 to 1000000, or auto")
    }

    @Test(
        "numbers are read as people write them",
        arguments: [("1e-4", 1e-4), ("1", 1), ("0.1", 0.1), ("+2.5", 2.5), ("1E2", 100)])
    func numbers(text: String, value: Double) throws {
        #expect(try file("lr: \(text)").learningRate == value)
    }

    @Test(
        "what is not a mapping of keys is refused",
        arguments: ["- model", "model", "model: lenet\nmodel: resnet18", "a: [", "? [a]\n: b", "model: \"lenet"])
    func malformed(yaml: String) {
        #expect {
            _ = try file(yaml)
        } throws: { error in
            if case .malformed = error as? RecipeError { true } else { false }
        }
    }

    @Test("an empty file says nothing")
    func empty() throws {
        for yaml in ["", "\n", "# only a comment\n"] {
            #expect(try file(yaml) == file("{}"))
        }
    }

    @Test("a missing file and a folder are refused by name")
    func unreadable() {
        let missing = message { _ = try RecipeOverrides(contentsOf: "no/such/file.yaml") }
        #expect(missing == "no/such/file.yaml: the recipe cannot be read: there is no such file")
        let folder = message { _ = try RecipeOverrides(contentsOf: NSTemporaryDirectory()) }
        #expect(folder.contains("it is a folder, not a file"))
    }
}

@Suite struct Printing {
    @Test(
        "a printed recipe resolves to the same recipe",
        arguments: [
            "model: lenet",
            "model: lenet\nsteps: 12\nlr: 0.30000000000000004\nweight_decay: 1e-300\nmomentum: 0.99999",
            "model: lenet\nschedule: step\nstep_epochs: 3\nstep_factor: 0.3333333333333333",
            "model: lenet\nschedule: constant\nresume: true\nnesterov: true\nthreads: 3\nclasses: 7\nimage_size: 96",
            "model: lenet\nseed: 18446744073709551615\nisa: avx2\nbatch_norm: local\nlog_every: 1\nwarmup_epochs: 0.1",
            "model: 'true'\ndata: \"fashion-mnist:/a b/# c: d\"\noutput: \"\\t \\\"q\\\" \\\\ é 🙂 \\u2028 \\x85\"",
            "model: 'null'\ndata: '- x'\noutput: .", "model: a\noutput: 'False'\ninit: \"~root/w\"",
            "model: '~'\noutput: \"a\\U0010FEE9\"\nresume: 'None'",
            "model: a\nmodel_options: {blocks: [1, 2,3], stem: 'cifar', dropout: 0.5, 'a b': \"\\n{,\"}",
            "model: a\ninit: 'w: 1.safetensors'\ninit_skip_mismatched: true\n"
                + "freeze: [a, 'b, c', '[', -1]\nshuffle: off",
            "model: a\nfreeze: conv1\nlr_multipliers: {fc: 10, 'layer4.0': 0.1}\ninit_scheme: he_normal\ndropout: 0",
            "model: a\nresume: 'auto'\noverride: lr\ncheckpoint_every: 500steps,10min\nkeep_every: 4",
            "model: a\nresume: runs/b/checkpoints\ncheckpoint_every: [90s, 60min, 1step]\non_nan: skip",
            "model: a\noptimizer: adamw\nbetas: 0.8,0.95\nepsilon: 1e-6\nno_decay: fc\ndecay_multipliers: {a: 2}",
            "model: a\noptimizer: muon\nmuon_normalise: true\nmuon_sgd: fc\nmuon_sgd_lr: .5\nclip_norm: none",
            "model: a\nresume: false\ncheckpoint_level: 19\nkeep_best: 2",
            "model: a\nclass_weights: balanced\ntime: 90s\npatience: none",
            "model: a\nclass_weights: 1,2,0.5\ntime: 2.5s\nstop_at_accuracy: 0.5",
            "model: a\nclass_weights: {cat: 2, 'a b': 0.25}\ntime: 2h", "model: a\nclass_weights: cat=2,dog=0.5",
            "model: a\nclass_weights: \"balanced\"", "model: a\nclass_weights: weights.txt",
            "model: a\naverage_weights: 0.9\naverage_warmup: true\naverage_every: 3",
            "model: a\nloss_precision: full\naugment: none\nlr_multipliers: {}\nfreeze: []\nmodel_options: {}",
        ])
    func roundTrip(yaml: String) throws {
        let recipe = try Recipe.resolve(file: file(yaml), flags: RecipeOverrides())
        let printed = recipe.yaml()
        let again = try Recipe.resolve(file: file(printed), flags: RecipeOverrides())
        #expect(again == recipe)
        #expect(again.yaml() == printed)
    }

    @Test("a printed recipe says every value that has one")
    func complete() throws {
        let text = try Recipe.resolve(
            file: file("model: lenet\noutput: runs/a\ndata: fashion-mnist"), flags: RecipeOverrides()
        ).yaml()
        #expect(
            text == """
                model: lenet
                init_scheme: reference
                whitening_images: 5000
                data: fashion-mnist
                validation_fraction: 0.1
                seed: 1
                shuffle: on
                balanced_sampling: off
                augment: none
                interpolation: bilinear
                normalise: auto
                decode: exact
                exif_orientation: on
                max_image_pixels: 178956970
                strict: false
                prefetch_megabytes: 256
                cache: auto
                epochs: 10
                batch_size: 32
                lr: 0.0125
                accumulate: 1
                evaluate_every: 1
                optimizer: sgd
                momentum: 0.9
                nesterov: false
                weight_decay: 0.0001
                decay: weights
                schedule: cosine
                warmup_epochs: 0.0
                label_smoothing: 0.0
                batch_norm: sync
                allreduce: tree
                gradient_dtype: fp32
                bucket_megabytes: 25
                collective_timeout: 300.0
                heartbeat: none
                replica_check_every: 500
                virtual_shards: 8
                isa: auto
                convolution: winograd
                output: runs/a
                log_every: 10
                progress: auto
                loss_precision: rounded
                report: html
                test_augment: none
                test_augment_share: 1.0
                on_nan: stop
                tensorboard: true
                status_host: 127.0.0.1
                resume: none
                checkpoint_every: [1epoch]
                keep_last: 3
                keep_best: 1
                checkpoint_level: 1
                checkpoint_busy: wait
                snapshot_every: 0

                """)
    }

    @Test("every key of the table survives reading and printing")
    func everyKey() throws {
        let values = [
            "model": "a", "data": "b", "epochs": "3", "steps": "4", "batch_size": "5", "lr": "0.25",
            "decay": "all", "no_decay": "[a, b]", "decay_multipliers": "{a: 0.5, b: 2.0}", "weight_decay": "0.125",
            "lr_for_batch": "256", "image_size": "7", "train_sizes": "{5: 1epoch, 6: 1epoch}", "normalise": "none",
            "classes": "8",
            "threads": "9",
            "isa": "openblas", "convolution": "direct", "seed": "11", "output": "c", "resume": "auto",
            "log_every": "12", "batch_norm": "local",
            "model_options": "{a: b, c: \"1,2\"}", "init_scheme": "he_normal", "dropout": "0.5", "init": "w",
            "init_skip_mismatched": "true", "init_force": "true", "freeze": "[a, b]",
            "lr_multipliers": "{a: 0.5, b: 2.0}", "train_for": "{a: 3epochs, b: 10steps}", "whitening_images": "7",
            "test_augment": "flip-shift", "test_augment_share": "0.25", "shuffle": "on",
            "augment": "crop=2:reflect,alternating-flip,color-jitter=0.4:0.4:0.4:0.1,erase=0.25", "mixup": "0.5",
            "cutmix": "1.0", "interpolation": "bicubic", "decode": "fast", "exif_orientation": "off",
            "max_image_pixels": "1000", "max_bad_samples": "0", "strict": "true",
            "prefetch_megabytes": "100", "cache": "off", "loss_precision": "full", "allreduce": "tree",
            "gradient_dtype": "bf16",
            "bucket_megabytes": "3", "collective_timeout": "2.5", "heartbeat": "5s", "replica_check_every": "0",
            "validation_fraction": "0.25", "override": "[lr, seed]",
            "checkpoint_every": "[500steps, 10min, 2h, 45s, 1epoch]", "keep_last": "5",
            "keep_best": "0", "keep_every": "10epochs", "checkpoint_level": "-2", "checkpoint_busy": "skip",
            "snapshot_every": "1",
            "on_nan": "rewind",
            "virtual_shards": "16", "accumulate": "3", "average_weights": "0.999",
            "label_smoothing": "0.1", "class_weights": "[1.0, 0.5]", "balanced_sampling": "on", "patience": "3",
            "stop_at_accuracy": "0.94", "time": "10min", "average_warmup": "true", "average_every": "5",
            "evaluate_every": "2", "train_only": "[c]", "progress": "bar", "report": "none", "tensorboard": "false",
            "status_port": "8080", "status_host": "0.0.0.0",
        ]
        // What is said in another key's words.
        let spelledOut: Set = ["duration"]
        let schedules = [
            ["schedule": "step", "step_epochs": "6", "step_factor": "0.75", "warmup_epochs": "1.5"],
            ["schedule": "exponential", "step_every": "500steps", "step_factor": "0.75", "warmup_steps": "30"],
            ["schedule": "multistep", "milestones": "[3epochs, 700steps]", "step_factor": "0.75", "warmup_steps": "0"],
            ["schedule": "polynomial", "power": "2.0", "final_lr": "0.01", "warmup_epochs": "0.0"],
            [
                "schedule": "cosine", "restart_every": "10epochs", "restart_growth": "2", "final_lr": "0.01",
                "warmup_epochs": "0.0",
            ],
        ]
        let optimizers = [
            ["optimizer": "sgd", "momentum": "0.5", "nesterov": "true", "clip_norm": "0.5"],
            ["optimizer": "sgd", "momentum": "0.5", "dampening": "0.25", "nesterov": "false", "clip_value": "0.25"],
            ["optimizer": "adamw", "betas": "[0.5, 0.25]", "epsilon": "0.001"],
            ["optimizer": "rmsprop", "momentum": "0.5", "epsilon": "0.001", "alpha": "0.5"],
            ["optimizer": "lamb", "betas": "[0.5, 0.25]", "epsilon": "0.001", "trust": "0.5"],
            [
                "optimizer": "muon", "momentum": "0.5", "nesterov": "false", "muon_iterations": "3",
                "muon_normalise": "true", "muon_sgd": "[a]", "muon_sgd_lr": "0.5", "muon_sgd_momentum": "0.25",
            ],
        ]
        let variable = (schedules + optimizers).flatMap(\.keys)
        #expect(Set(RecipeKey.all.map(\.name)) == Set(values.keys).union(variable).union(spelledOut))
        let lengths = ["epochs", "steps", "time"]
        for length in lengths {
            for (schedule, optimizer) in zip(schedules + schedules.prefix(1), optimizers) {
                let given = values.merging(schedule) { $1 }.merging(optimizer) { $1 }
                let keys = RecipeKey.all.map(\.name).filter {
                    given[$0] != nil && ($0 == length || !lengths.contains($0))
                        && !(length == "time" && $0 == "train_sizes")
                }
                let yaml = keys.map { "\($0): \(given[$0, default: ""])\n" }.joined()
                #expect(try Recipe.resolve(file: file(yaml), flags: RecipeOverrides()).yaml() == yaml)
            }
        }
    }
}

@Suite struct Configs {
    /// Names of the files in a folder of the project, with their text.
    static func files(in folder: String) throws -> [(name: String, path: String, text: String)] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../\(folder)").standardized
        return try FileManager.default.contentsOfDirectory(atPath: url.path).filter { $0.hasSuffix(".yaml") }.sorted()
            .map { name in
                let path = url.appending(path: name).path
                return (name, path, try String(contentsOfFile: path, encoding: .utf8))
            }
    }

    @Test("every file in configs resolves, and says what it is, how to run it and what comes of it")
    func resolve() throws {
        let files = try Self.files(in: "configs")
        #expect(files.contains { $0.name == "lenet-fashion-mnist.yaml" } && files.count > 40)
        for (name, path, text) in files {
            let recipe = try Recipe.resolve(file: RecipeOverrides(contentsOf: path), flags: RecipeOverrides())
            let head = text.split(separator: "\n").prefix { $0.hasPrefix("#") }
            #expect(head.count >= 3, "\(name) does not say what it is")
            #expect(head.contains { $0.contains("Outcome: ") }, "\(name) does not say what comes of it")
            #expect(text.contains("cnn-train --config configs/\(name)"), "\(name) does not say how to run it")
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(name) has long lines")
            #expect(try Recipe.resolve(flags: RecipeOverrides(yaml: recipe.yaml(), path: name)) == recipe)
        }
    }

    @Test("every file that others include says what it is, and one of them does")
    func included() throws {
        let texts = try (Self.files(in: "configs") + Self.files(in: "configs/base")).map(\.text)
        for (name, path, text) in try Self.files(in: "configs/base") {
            #expect(Recipe.problems(inFile: path).isEmpty, "\(name)")
            #expect(text.hasPrefix("# "))
            #expect(texts.contains { $0.contains("include: base/\(name)\n") || $0.contains("include: \(name)\n") })
        }
    }
}

extension RecipeOverrides {
    /// Whether both say the same, on whatever lines.
    fileprivate func isSame(as other: RecipeOverrides) -> Bool {
        RecipeKey.all.allSatisfy { $0.print(self) == $0.print(other) }
    }
}
