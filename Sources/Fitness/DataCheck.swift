import Datasets
import Terminal

/// The check of whether a dataset can be trained on, by a few of its samples.
package enum DataCheck {
    /// Samples of a split that are decoded.
    static let samples = 32

    /// Returns the findings about a dataset, by its name or path as `--data` takes it.
    package static func findings(of data: String) -> [Finding] {
        do throws(DatasetError) {
            let recognition = try Recognition(of: data)
            guard recognition.path != nil else {
                return [.ok("data", "\(data.visible): made on the spot")]
            }
            let source = try recognition.source(DatasetOptions())
            return [finding(of: source, data: data), finding(ofSamples: source)]
        } catch {
            return [
                .problem(
                    "data", "\(error)", needed: "a dataset that this machine can read",
                    remedy: "Put it under the same path on every machine, and try `cnn-train data inspect`")
            ]
        }
    }

    /// Returns the finding about a dataset's numbers of classes and samples.
    static func finding(of source: any Source, data: String) -> Finding {
        let (train, test) = (source.count(of: .train), source.count(of: .test))
        let classes = source.classNames.count
        let found = "\(data.visible): \(classes) classes, \(train) samples to train and \(test) to test"
        if train == 0 || test == 0 {
            return .problem(
                "data", found, needed: "samples of both", remedy: "Keep some aside with --validation-fraction 0.1")
        }
        if classes < 2 {
            return .warning(
                "data", found, needed: "two classes or more", remedy: "A folder for each class is what --data takes")
        }
        return .ok("data", found)
    }

    /// Returns the finding about some samples of each split, evenly spread: whether they can be read and decoded.
    static func finding(ofSamples source: any Source) -> Finding {
        var bad: [String] = []
        var looked = 0
        var stored = StoredSample()
        var decoder = ImageDecoder()
        var image = ImageBuffer()
        for split in Split.allCases {
            for index in places(of: source.count(of: split)) {
                looked += 1
                do throws(SampleError) {
                    try source.read(index, of: split, into: &stored)
                    guard stored.form == .encoded else { continue }
                    do throws(ImageError) {
                        try decoder.decode(stored.bytes.span, path: source.path(of: index, in: split), into: &image)
                    } catch {
                        throw SampleError("\(error)")
                    }
                } catch {
                    bad.append(error.description.visible)
                }
            }
        }
        guard let first = bad.first else { return .ok("samples", "\(looked) that were looked at can be decoded") }
        let found = "\(bad.count) of \(looked) that were looked at cannot be had (\(first))"
        let needed = "samples that can be decoded"
        return bad.count == looked
            ? .problem("samples", found, needed: needed, remedy: "Fetch them again: `cnn-train data verify` names all")
            : .warning(
                "samples", found, needed: needed, remedy: "A run leaves a few out: `cnn-train data verify` names all")
    }

    /// Returns the indices of some of `count` samples, evenly spread.
    static func places(of count: Int) -> [Int] {
        guard count > samples else { return Array(0..<count) }
        return (0..<samples).map { $0 * (count - 1) / (samples - 1) }
    }
}
