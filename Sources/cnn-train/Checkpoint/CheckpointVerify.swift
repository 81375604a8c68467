import ArgumentParser
import Checkpoints
import Files
import Terminal
import Training

extension CheckpointCommand {
    /// `cnn-train checkpoint verify`
    struct Verify: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Reads every byte of checkpoints and says of each what holds.",
            discussion: "Ends with exit code 1 where a file is broken, or a folder has none.")

        @Argument(
            help: ArgumentHelp("Files, and folders to walk through, such as a run's OUTPUT.", valueName: "file|folder"),
            transform: userPath)
        var paths: [String]
        @Flag(help: "Prints one JSON object a file.") var json = false

        func run() throws {
            var (broken, all, isOneEmpty) = (0, 0, false)
            for path in paths {
                let isFolder = Verification.isFolder(path)
                let files = isFolder ? try Verification.files(in: path) : [path]
                if files.isEmpty {
                    complain(CheckpointError.nothingThere(folder: path).words)
                    isOneEmpty = true
                }
                for file in files {
                    let verification = Verification(of: file)
                    print(json ? try JSONText(Report(verification)).text : Report(verification).text)
                    all += 1
                    if verification.kind == .broken { broken += 1 }
                }
            }
            if broken > 0 { throw BrokenFiles(broken: broken, of: all) }
            if isOneEmpty { throw ExitCode(1) }
        }
    }

    private struct Report: Encodable {
        let path: String
        let kind: String
        let holds: Bool
        let bytes: Int
        let tensors: Int
        let notFinite: Int
        let step: Int?
        let epoch: Int?
        let model: String?
        let problem: String?

        init(_ verification: Verification) {
            path = verification.path
            kind = verification.kind.rawValue
            holds = verification.holds
            (bytes, tensors, notFinite) = (verification.bytes, verification.tensors, verification.notFinite)
            step = verification.about?.progress.globalStep
            epoch = verification.about?.progress.epoch
            model = verification.about?.model
            problem = verification.problem?.description
        }

        var text: String {
            let odd = notFinite == 0 ? "" : ", \(Wording.count(notFinite, "number")) not finite"
            let size = "\(Wording.count(tensors, "tensor"))\(odd), \(Wording.bytes(bytes))"
            return switch kind {
            case Verification.Kind.checkpoint.rawValue:
                "\(path): holds: \((model ?? "").visible), step \(Wording.grouped(step ?? 0)), all digests of \(size)"
            case Verification.Kind.weights.rawValue:
                "\(path): holds: weights without digests, \(size)"
            case Verification.Kind.unfinished.rawValue:
                "\(path): unfinished: still being written, or left by a writer that died"
            // The message begins with the path.
            default: (problem ?? path).visible
            }
        }
    }

    /// The failure of files that have been reported one by one; only their number remains to be said.
    private struct BrokenFiles: Error, CustomStringConvertible {
        let broken: Int
        let of: Int

        var description: String {
            "\(broken) of \(Wording.count(of, "file")) \(broken == 1 ? "does" : "do") not hold: take others, or copy "
                + "what is broken again. --resume takes the newest that holds"
        }
    }
}
