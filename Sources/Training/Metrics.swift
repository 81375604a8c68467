import Foundation

/// One line of `metrics.jsonl`: what a run knew at one step.
package struct MetricsRecord: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// The mean over the training steps since the record before.
        case train
        /// The whole test split.
        case evaluation
        /// The end of the run: the last evaluation, and the digest of what was learned.
        case final
    }

    package var kind: Kind
    /// The epoch the step belongs to, from 1.
    package var epoch: Int
    /// Optimizer steps taken.
    package var step: Int
    /// Training samples seen since the start of the run; in an evaluation, test samples.
    package var samples: Int
    /// The mean loss of a sample.
    package var loss: Double
    /// The share of samples whose highest logit is their label's, in 0...1.
    package var accuracy: Double
    package var learningRate: Float?
    package var imagesPerSecond: Double
    /// SHA-256 of all parameters and buffers in canonical order, in hexadecimal; only of the final record.
    package var parametersSHA256: String?

    package init(
        _ kind: Kind, epoch: Int, step: Int, samples: Int, loss: Double, accuracy: Double, learningRate: Float? = nil,
        imagesPerSecond: Double, parametersSHA256: String? = nil
    ) {
        self.kind = kind
        self.epoch = epoch
        self.step = step
        self.samples = samples
        self.loss = loss
        self.accuracy = accuracy
        self.learningRate = learningRate
        self.imagesPerSecond = imagesPerSecond
        self.parametersSHA256 = parametersSHA256
    }

    /// The record as a JSON object on one line, numbers in the fewest digits that read back as the same bits.
    package var json: String {
        var object = JSONLine()
        object.add("kind", kind.rawValue)
        object.add("epoch", epoch)
        object.add("step", step)
        object.add("samples", samples)
        object.add("loss", loss)
        object.add("accuracy", accuracy)
        if let learningRate { object.add("lr", learningRate) }
        object.add("images_per_second", imagesPerSecond)
        if let parametersSHA256 { object.add("parameters_sha256", parametersSHA256) }
        return object.text
    }
}

/// Writes `metrics.jsonl`: a record a line, each flushed when it is written.
package struct MetricsFile: ~Copyable {
    private let handle: FileHandle
    private let path: String

    /// Starts an empty file at `path`, or goes on with the one that is there.
    ///
    /// - Parameter resumedStep: records of later steps, and the end of a run that is now going on, are dropped: the file
    ///   tells one story, of the run whose steps count. nil starts anew.
    /// - Throws: `TrainingError.cannotWrite`
    package init(path: String, resumedStep: Int?) throws {
        let handle = try Self.opened(path, resumedStep: resumedStep)
        self.handle = handle
        self.path = path
    }

    private static func opened(_ path: String, resumedStep: Int?) throws(TrainingError) -> FileHandle {
        var kept = ""
        if let resumedStep, let text = try? String(contentsOfFile: path, encoding: .utf8) {
            kept = story(in: text, upTo: resumedStep)
        }
        do {
            try kept.write(toFile: path, atomically: true, encoding: .utf8)
            let handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.seekToEnd()
            return handle
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    deinit { try? handle.close() }

    /// Appends a record; it is in the file when this returns.
    package func append(_ record: MetricsRecord) throws {
        do {
            try handle.write(contentsOf: Data((record.json + "\n").utf8))
        } catch {
            throw TrainingError.cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    /// Makes what was appended survive a loss of power.
    package func synchronize() throws {
        do {
            try handle.synchronize()
        } catch {
            throw TrainingError.cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    /// The lines of `text` up to a step, each ended; a line torn by a crash and what follows it are left out.
    static func story(in text: String, upTo step: Int) -> String {
        struct Place: Decodable {
            var kind: String
            var step: Int
        }
        var kept = ""
        for line in text.split(separator: "\n") {
            guard let place = try? JSONDecoder().decode(Place.self, from: Data(line.utf8)) else { break }
            if place.step <= step, place.kind != MetricsRecord.Kind.final.rawValue { kept += line + "\n" }
        }
        return kept
    }
}
