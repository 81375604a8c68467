package import Checkpoints
import Tensors

/// Snapshots whose floats are a function of their step, so that a mixture of two is noticed.
package enum SnapshotSpecimen {
    /// Two pieces and a part of one, one piece, and a part of one.
    package static let sizes = SnapshotHead.Sizes(
        zip(["values", "optimizer.momentum", "averages"], parts).map { (name: $0, floats: $1) })
    private static let parts = [2 * PieceChecksum.floats + 1_000, PieceChecksum.floats, 17]
    package static let run = "0123456789abcdef0123456789abcdef"

    package static func head(
        run: String = run, layout: UInt64 = 7, sizes: SnapshotHead.Sizes = sizes, folder: String = "/runs/\"a\" é",
        model: String = "lenet"
    ) -> SnapshotHead {
        SnapshotHead(
            run: run, layout: layout, sizes: sizes, folder: folder, seesFolder: true,
            about: Checkpoint.About(
                model: model, modelOptions: ["activation": "tanh"], classes: 10, imageSize: 28, inputChannels: 1,
                classNames: ["T-shirt/top", "\"é\"\n\\ 🙂"], recipe: "model: \(model)\n", seed: .max,
                progress: Checkpoint.Progress(epoch: 0, stepInEpoch: 0, globalStep: 0, samples: 0)))
    }

    package static func state(_ step: Int) -> SnapshotState {
        var state = SnapshotState()
        state.step = step
        state.samples = 16 * step
        state.batchesTracked = step
        state.windowLossSum = 0.1 * Double(step)
        state.windowCorrect = 3 * step
        state.windowSamples = 5 * step
        state.lastLoss = step % 2 == 0 ? 0.25 : nil
        state.reportedStep = step - 1
        return state
    }

    package static func float(_ index: Int, step: Int) -> Float {
        Float(bitPattern: UInt32(truncatingIfNeeded: PieceChecksum.mixed(UInt64(step) << 32 | UInt64(index))))
    }

    /// Writes the state of a step, and tells `visit` of every point on the way; of a piece also when half of it is
    /// there.
    package static func write(_ step: Int, to file: SnapshotFile, visit: () -> Void = {}) {
        visit()
        let memory = file.content(of: file.nextSlot)
        file.write(state(step)) {
            visit()
            var pieces: [UInt64] = []
            var start = 0
            for count in parts {
                for first in stride(from: start, to: start + count, by: PieceChecksum.floats) {
                    let range = first..<min(first + PieceChecksum.floats, start + count)
                    let source = range.map { float($0, step: step) }
                    let checksum = memory.withMutableSpan(range) { target in
                        for index in 0..<source.count / 2 { target[index] = source[index] }
                        visit()
                        return PieceChecksum.copying(source.span, to: &target)
                    }
                    pieces.append(checksum)
                    visit()
                }
                start += count
            }
            return PieceChecksum.combined(pieces.span)
        }
        visit()
    }

    /// Points that writing one step goes through.
    package static let points = 3 + 2 * (3 + 1 + 1)

    /// The newest step of a file, nil for none; what is wrong with its state, where something is.
    package static func read(_ file: SnapshotFile) -> (step: Int?, complaint: String?) {
        guard let newest = file.newest() else { return (nil, nil) }
        let step = newest.state.step
        guard newest.state == state(step) else { return (step, "other numbers: \(newest.state)") }
        let memory = file.content(of: newest.slot)
        let isRight = memory.withMutableSpan(0..<memory.count) { floats in
            (0..<floats.count).allSatisfy { floats[$0].bitPattern == float($0, step: step).bitPattern }
        }
        return (step, isRight ? nil : "the floats are not those of step \(step)")
    }
}
