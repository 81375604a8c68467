import ArgumentParser
import Datasets
import Recipes
import Terminal
import Training

extension DataCommand {
    /// `cnn-train data verify`
    struct Verify: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Decodes every image as a whole, and says which cannot be had.",
            discussion: "Ends with exit code 1 where any is damaged.")

        @OptionGroup var choice: Choice
        @Option(\.threads) var threads: Int?
        @Flag(help: "Prints one JSON object.") var json = false

        func validate() throws { try checkRanges { $0.threads = threads } }

        func run() throws {
            let source = try choice.source()
            let verification = try showingProgress("decoding", unit: "images") { progress in
                try DatasetVerification(of: source, threads: threads ?? MachineCores.count, progress: progress)
            }
            let (bad, all) = (verification.bad, verification.samples)
            if json {
                print(try JSONText(Report(samples: all, damaged: bad)).text)
            } else {
                for sample in bad { print("\(sample.split.rawValue)\t\(sample.reason.visible)") }
                if bad.isEmpty { print("\(choice.data.visible): all of \(Wording.count(all, "image")) can be decoded") }
            }
            if !bad.isEmpty {
                throw FailureSum(
                    "\(Wording.grouped(bad.count)) of \(Wording.count(all, "image")) cannot be decoded: fetch them "
                        + "again, or take them away. Training leaves out a few of them")
            }
        }
    }

    private struct Report: Encodable {
        let samples: Int
        let damaged: [BadSample]
    }
}
