import TestRandom

/// Makes command lines that nobody would write, over all subcommands: a function of a seed and a number.
///
/// A command line is one for a shell, so that what fails can be done again by hand:
/// `ulimit -n 6; cnn-train predict … 2>/dev/full`.
struct CommandLineGenerator {
    /// A command line and what may be expected of it.
    struct Line {
        /// For bash, in a folder that `OddFiles` has filled; the program is `cnn-train`.
        var text: String
        /// Standard error is closed, full or nobody's: no message can arrive.
        var isMute = false
        /// Standard output is a pipe that nobody reads: SIGPIPE may end what does not train.
        var hasBrokenPipe = false
        /// mpirun speaks too.
        var hasRanks = false
        /// There may be too little of something for the program to be loaded at all.
        var isStarved = false
    }

    private var random: SeededRandom

    init(seed: UInt64, number: Int) {
        random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(number) &* 0xD1B5_4A32_D192_ED03)
        // The first numbers of near states are near.
        for _ in 0..<4 { _ = random.next() }
    }

    mutating func line() -> Line {
        let command = pick(Self.commands)
        var line = Line(text: "")
        var words = command.words
        if command.takesRanks, chance(0.06) {
            words.insert(contentsOf: ["--workers", "2"], at: 0)
            line.hasRanks = true
        }
        for option in command.options where chance(option.isUsual ? 0.9 : 0.12) { words += self.words(of: option) }
        if chance(0.05) { words.append(pick(["--no-such-flag", "-x", "--", "''", "--help", "--version", "é"])) }
        if chance(0.03) { words.removeLast(min(words.count, 1)) }
        // Processes of a user of its own, who has no others, can be few.
        let isCrowded = chance(0.04)
        line.text = ((isCrowded ? ["$AS_NOBODY"] : []) + ["cnn-train"] + words).joined(separator: " ")
        redirect(&line)
        if isCrowded {
            line.text = "ulimit -u \(pick([1, 2, 3, 5])); " + line.text
            line.isStarved = true
        }
        limit(&line)
        return line
    }

    // MARK: Streams and limits

    private mutating func redirect(_ line: inout Line) {
        guard chance(0.2) else { return }
        switch pick(["full", "closed", "no errors", "full errors", "no input", "pipe", "all"]) {
        case "full": line.text += " >/dev/full"
        case "closed": line.text += " >&-"
        case "no errors":
            line.text += " 2>&-"
            line.isMute = true
        case "full errors":
            line.text += " 2>/dev/full"
            line.isMute = true
        case "no input": line.text += " <&-"
        case "pipe":
            line.text = "{ " + line.text + "; echo $? >.status; } | true"
            line.hasBrokenPipe = true
        default:
            line.text += " <&- >&- 2>&-"
            line.isMute = true
        }
    }

    private mutating func limit(_ line: inout Line) {
        guard chance(0.15) else { return }
        line.isStarved = true
        // Below some 400 MB of addresses the loader gives up before the program begins.
        switch pick(["memory", "files", "size"]) {
        case "memory": line.text = "ulimit -v \(pick([600_000, 800_000, 1_200_000, 3_000_000])); " + line.text
        case "files": line.text = "ulimit -n \(pick([4, 5, 6, 8, 12, 20])); " + line.text
        default:
            // The exit code of a line with a broken pipe goes to a file.
            let blocks = pick(line.hasBrokenPipe ? [1, 8, 64] : [0, 1, 8, 64])
            line.text = "ulimit -f \(blocks); " + line.text
            // Standard error goes to a file.
            if blocks == 0 { line.isMute = true }
        }
    }

    // MARK: Words

    private mutating func words(of option: Option) -> [String] {
        let value: String
        switch option.value {
        case .none: return [option.name]
        case .integer(let usual): value = number(usual)
        case .decimal(let usual): value = chance(0.5) ? pick(usual) : number(usual)
        case .choice(let words): value = chance(0.75) ? pick(words) : text()
        case .path(let usual): value = chance(0.45) ? pick(usual) : path()
        case .output: value = chance(0.5) ? "out" : chance(0.85) ? pick(OddFiles.outputs) : text()
        case .data:
            value = chance(0.6) ? "fashion-mnist:data" : pick(["fashion-mnist:", "shapes:", "", "imagenet:"]) + path()
        }
        guard !option.name.isEmpty else { return [value] }
        return chance(0.3) && option.name.hasPrefix("--") ? ["\(option.name)=\(value)"] : [option.name, value]
    }

    /// A small number mostly, which keeps the command short; else what no command can want.
    private mutating func number(_ usual: [String]) -> String {
        guard chance(0.4) else { return pick(usual) }
        return pick([
            "0", "-1", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "18446744073709551616",
            "1e300",
            "1e-300", "-0", "nan", "inf", "0x10", "1.5", "1_000", "''", "' '", "１２", "٣", "+1", "--1", "99999999999",
            "4294967296",
            "2147483648", "1000000000001",
        ])
    }

    private mutating func text() -> String {
        pick([
            "''", "none", "null", "'~'", "'a b'", "$'\\e[31mred'", "$'two\\nlines'", "$'caf\\351'", "é", "🙂",
            "$(printf 'x%.0s' $(seq 5000))", "--model", "=", "key=", "=value", "a=b=c", "../..", "AUTO", "True",
            "'{a: b}'", "'%s%n'",
        ])
    }

    private mutating func path() -> String { chance(0.85) ? pick(OddFiles.paths) : text() }

    private mutating func chance(_ share: Double) -> Bool { Double(random.next() >> 11) * 0x1p-53 < share }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.next() % UInt64(elements.count))]
    }
}

// MARK: - The program's commands

extension CommandLineGenerator {
    private enum Value {
        case none
        /// Values that keep the command short.
        case integer([String])
        case decimal([String])
        case choice([String])
        /// Files that the option is meant for.
        case path([String])
        case output, data
    }

    private struct Option {
        let name: String
        let value: Value
        var isUsual = false

        init(_ name: String, _ value: Value, isUsual: Bool = false) {
            self.name = name
            self.value = value
            self.isUsual = isUsual
        }
    }

    private struct Command {
        let words: [String]
        let options: [Option]
        var takesRanks = false
    }

    private static let checkpoints = ["run/checkpoints/*.zst", "run", "run/checkpoints", "weights.safetensors"]
    private static let few = ["1", "2", "3"]
    private static let model = Option("--model", .choice(["lenet", "lenet_bn"]), isUsual: true)
    private static let modelOption = Option(
        "--model-option",
        .choice([
            "activation=tanh", "input_channels=1", "input_channels=16", "growth_rate=12", "blocks=1,1",
            "dropout=nan",
        ]))
    private static let threads = Option("--threads", .integer(few), isUsual: true)
    private static let isa = Option("--isa", .choice(["auto", "avx512", "avx2", "openblas"]))
    private static let json = Option("--json", .none)
    private static let imageSize = Option("--image-size", .integer(["28", "28", "32"]))
    private static let classes = Option("--classes", .integer(["10", "11", "1000"]))

    private static let training: [Option] = [
        model, modelOption, Option("--data", .data, isUsual: true), Option("--output", .output, isUsual: true), threads,
        Option("--steps", .integer(few), isUsual: true),
        Option("--batch-size", .integer(["1", "8", "17", "1000000"]), isUsual: true),
        Option("--init", .path(["weights.safetensors", "half.safetensors"])), Option("--init-skip-mismatched", .none),
        Option("--init-force", .none), Option("--init-scheme", .choice(["he_normal", "xavier_uniform"])),
        Option("--freeze", .choice(["0", "fc", ""])),
        Option("--lr-multiplier", .choice(["0=0.5", "0=nan", "0=1e400"])),
        Option("--train-for", .choice(["0=1epoch", "0=2steps", "0=0steps", "0=1s"])),
        Option("--test-augment", .choice(["none", "flip", "flip-shift"])),
        Option("--test-augment-share", .decimal(["0.25", "1", "0"])), Option("--whitening-images", .integer(few)),
        Option("--dropout", .decimal(["0", "0.5"])), Option("--shuffle", .choice(["on", "off"])),
        Option("--augment", .choice(["none", "crop-flip", "resized-crop-flip"])),
        Option("--config", .path(recipes)),
        Option("--set", .choice(["lr=0.1", "seed=3", "mixup=none", "freeze=[a", "steps=1e3", "lrr=1", "'=1'"])),
        Option("--duration", .choice(["1epochs", "2steps", "0steps", "1", "1min"])),
        Option("--lr", .decimal(["0.1", "1e-30"])),
        Option("--optimizer", .choice(["sgd", "adam", "adamw", "rmsprop", "lars", "lamb", "muon"])),
        Option("--betas", .choice(["0.9,0.999", "0.9", "1,1"])), Option("--epsilon", .decimal(["1e-8"])),
        Option("--alpha", .decimal(["0.9"])), Option("--trust", .decimal(["0.001"])),
        Option("--dampening", .decimal(["0", "0.1"])), Option("--decay", .choice(["weights", "all"])),
        Option("--no-decay", .choice(["0", "fc"])), Option("--decay-multiplier", .choice(["0=0.5", "0=nan"])),
        Option("--clip-norm", .decimal(["1"])), Option("--clip-value", .decimal(["0.1"])),
        Option("--muon-sgd", .choice(["0", "fc"])), Option("--muon-sgd-lr", .decimal(["0.1"])),
        Option("--momentum", .decimal(["0", "0.9"])), Option("--nesterov", .none),
        Option("--weight-decay", .decimal(["0", "0.1"])),
        Option("--schedule", .choice(["cosine", "step", "constant"])),
        Option("--warmup-epochs", .decimal(["0", "0.5"])),
        Option("--step-epochs", .integer(few)), Option("--step-factor", .decimal(["0.5"])), imageSize, classes, isa,
        Option("--convolution", .choice(["winograd", "direct"])), Option("--average-weights", .decimal(["0", "0.9"])),
        Option("--label-smoothing", .decimal(["0", "0.1"])),
        Option("--class-weights", .choice(["balanced", "1,2", "a=2", "none"])),
        Option("--balanced-sampling", .choice(["on", "off"])), Option("--patience", .integer(few)),
        Option("--stop-at-accuracy", .decimal(["0.5", "1"])), Option("--time", .choice(["1s", "5s", "0s", "5"])),
        Option("--average-every", .integer(few)), Option("--average-warmup", .none),
        Option("--seed", .integer(["0", "18446744073709551615"])), Option("--resume", .path(["auto", "run"])),
        Option("--override", .choice(["lr", "seed"])),
        Option("--checkpoint-every", .choice(["1steps", "1s", "1epoch", "0steps", "1steps,"])),
        Option("--keep-last", .integer(few)), Option("--keep-best", .integer(few)),
        Option("--keep-every", .choice(["1epochs", "0epochs"])),
        Option("--checkpoint-level", .integer(["1", "-7", "3"])),
        Option("--checkpoint-busy", .choice(["wait", "skip"])), Option("--snapshot-every", .integer(few)),
        Option("--on-nan", .choice(["stop", "skip", "rewind"])), Option("--log-every", .integer(few)),
        Option("--batch-norm", .choice(["sync", "average", "local"])), Option("--allreduce", .choice(["tree", "mpi"])),
        Option("--gradient-dtype", .choice(["fp32", "bf16", "fp16"])), Option("--bucket-megabytes", .integer(few)),
        Option("--collective-timeout", .decimal(["5", "10"])), Option("--replica-check-every", .integer(few)),
        Option("--heartbeat", .choice(["5s", "1min", "none", "5"])),
        Option("--accumulate", .integer(few)), Option("--virtual-shards", .integer(["1", "2", "8"])),
    ]

    private static let recipes = [
        "recipe.yaml", "odd.yaml", "binary.yaml", "deep.yaml", "circle.yaml", "bomb.yaml",
    ]

    private static let network: [Option] = [
        Option("--checkpoint", .path(checkpoints), isUsual: true), Option("--model", .choice(["lenet", "resnet18"])),
        modelOption,
    ]

    private static let commands: [Command] = [
        Command(words: [], options: training, takesRanks: true),
        Command(words: ["train"], options: training, takesRanks: true),
        Command(words: [], options: training),
        Command(
            words: ["evaluate"],
            options: network + [Option("--data", .data, isUsual: true), threads, isa, json], takesRanks: true),
        Command(
            words: ["predict"],
            options: network + [
                threads, isa, json, Option("--top", .integer(few)), Option("--logits", .none),
                Option("--input-tensor", .path(["input.safetensors", "weights.safetensors"])),
                Option("", .path(["picture.png", "broken.png"]), isUsual: true),
            ]),
        Command(
            words: ["export"],
            options: network + [
                Option("--output", .output, isUsual: true), Option("--fold-batch-norm", .none),
                Option("--format", .choice(["onnx"])),
            ]),
        Command(words: ["models"], options: [json]),
        Command(words: ["config", "show"], options: training + [Option("", .path(recipes), isUsual: true), json]),
        Command(words: ["config", "check"], options: [Option("", .path(recipes), isUsual: true), json]),
        Command(
            words: ["config", "diff"],
            options: [
                Option("", .path(recipes), isUsual: true), Option("", .path(recipes + ["run"]), isUsual: true), json,
            ]),
        Command(words: ["config", "schema"], options: []),
        Command(
            words: ["summary"],
            options: [
                Option("--model", .choice(["lenet", "vgg16", "densenet121", "googlenet"]), isUsual: true), modelOption,
                imageSize, classes,
                json,
            ]),
        Command(
            words: ["bench"],
            options: [
                model, modelOption, threads, isa, json, imageSize, Option("--steps", .integer(few), isUsual: true),
                Option("--batch-size", .integer(["1", "8"]), isUsual: true), Option("--profile", .none),
                Option("--trace", .output),
                Option("--without-pass", .choice(["recomputation", "normOnLoad"])),
                Option("--bucket-megabytes", .integer(few)),
                Option("--batch-norm", .choice(["sync", "average", "local"])),
            ], takesRanks: true),
        Command(
            words: ["plan"],
            options: [
                Option("--measured", .path(["measured.json", "odd.json", "empty"]), isUsual: true), model, json,
                Option("--nodes", .choice(["8", "1,2", "0", "8,", "99999999999999999999"]), isUsual: true),
                Option(
                    "--network", .choice(["10gbe", "30us,1.15GB/s", "0us,0GB/s", "nan,inf", "-1us,1GB/s"]),
                    isUsual: true),
                Option("--ranks-per-node", .integer(few)), Option("--batch-size", .integer(["1", "8"])),
                Option("--bucket-megabytes", .integer(few)), Option("--steps", .integer(few), isUsual: true), threads,
            ]),
        Command(
            words: ["launch", "--dry-run"],
            options: [
                Option("-n", .integer(few)),
                Option("--hosts", .choice(["a:4,b:4", "a:", ":4", "a:0", "a:99999999999999999999", ","])),
                Option("--hostfile", .path(["hosts"])), Option("", .choice(["train", "models"]), isUsual: true),
            ]),
        Command(words: ["checkpoint", "inspect"], options: [json, Option("", .path(checkpoints), isUsual: true)]),
        Command(words: ["checkpoint", "verify"], options: [json, Option("", .path(checkpoints), isUsual: true)]),
        Command(
            words: ["checkpoint", "diff"],
            options: [
                json, Option("--weights", .none), Option("", .path(checkpoints), isUsual: true),
                Option("", .path(checkpoints), isUsual: true),
            ]),
        Command(
            words: ["checkpoint", "average"],
            options: [json, Option("--output", .output, isUsual: true), Option("", .path(checkpoints), isUsual: true)]),
        Command(
            words: ["checkpoint", "export"],
            options: [
                json, Option("--averaged", .none), Option("--output", .output, isUsual: true),
                Option("", .path(checkpoints), isUsual: true),
            ]),
        Command(
            words: ["checkpoint", "import"],
            options: [
                model, modelOption, imageSize, classes,
                Option("--input", .path(["weights.safetensors", "half.safetensors"]), isUsual: true),
                Option("--output", .output, isUsual: true), Option("--init-skip-mismatched", .none),
                Option("--init-force", .none),
            ]),
    ]
}
