import Collectives
import Engine
import Foundation
import Glibc
import Machine
import Runs

/// Faults that tests inject, in debug builds and in those that define FAULTS: `CNN_TRAIN_FAULT=KIND:PLACE:RANK:STEP`
/// with KIND of kill, stop, pause, sleep, flip, nan or throw, and PLACE of loading, compute, collective, update,
/// snapshot, report, checkpoint or evaluation. STEP counts steps taken.
///
/// `CNN_TRAIN_FAULT_FILE` names a file that may appear at any time, with the same text without a step. The rank that it
/// names removes the file, and injects the fault when it next comes to that place.
enum Fault {
    enum Place: String { case loading, compute, collective, update, snapshot, report, checkpoint, evaluation }

    /// Injects the fault that was ordered for this place, if any.
    @inline(__always)
    static func happen(at place: Place, rank: Int, step: Int, _ engine: Engine, _ recorder: FlightRecorder) throws {
        #if DEBUG || FAULTS
            if let order, order.place == place, order.step == step {
                try order.carryOut(isVictim: order.rank == rank, engine, recorder)
            }
            if let file, let order = Order(contentsOf: file), order.place == place, order.rank == rank,
                unlink(file) == 0
            {
                try order.carryOut(isVictim: true, engine, recorder)
            }
        #endif
    }

    #if DEBUG || FAULTS
        private struct Order {
            let kind: String
            let place: Place
            let rank: Int
            /// The step; nil for the next.
            let step: Int?

            init?(_ text: String) {
                let words = text.split(separator: ":").map(String.init)
                guard (3...4).contains(words.count), let place = Place(rawValue: words[1]), let rank = Int(words[2])
                else { return nil }
                kind = words[0]
                self.place = place
                self.rank = rank
                step = words.count == 4 ? Int(words[3]) : nil
            }

            init?(contentsOf file: String) {
                guard access(file, F_OK) == 0, let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                    return nil
                }
                self.init(text)
            }

            func carryOut(isVictim: Bool, _ engine: Engine, _ recorder: FlightRecorder) throws {
                if place == .collective {
                    // The others come a second late: until then the victim waits for them.
                    guard isVictim else { return Thread.sleep(forTimeInterval: 1) }
                    let kind = kind
                    try SystemThread.start("fault") {
                        while !recorder.isInCollective { Thread.sleep(forTimeInterval: 0.01) }
                        kill(getpid(), kind == "stop" ? SIGSTOP : SIGKILL)
                    }
                    return
                }
                guard isVictim else { return }
                switch kind {
                case "kill": kill(getpid(), SIGKILL)
                case "stop": kill(getpid(), SIGSTOP)
                case "flip":
                    engine.withState(.values) { values in values[0] = Float(bitPattern: values[0].bitPattern ^ 1) }
                case "nan": engine.withState(.values) { values in values[0] = .nan }
                case "pause": Thread.sleep(forTimeInterval: 4)
                case "sleep": Thread.sleep(forTimeInterval: 1000)
                case "throw": throw Ordered()
                default: break
                }
            }
        }

        private struct Ordered: Error, CustomStringConvertible {
            let description = "a sample cannot be read, as was ordered"
        }

        private static let order = ProcessInfo.processInfo.environment["CNN_TRAIN_FAULT"].flatMap { Order($0) }
        private static let file = ProcessInfo.processInfo.environment["CNN_TRAIN_FAULT_FILE"]
    #endif
}

extension Trainer {
    /// Begins a phase of this rank, for the records that are written when ranks lose each other, and for the account of
    /// time.
    ///
    /// - Parameters:
    ///   - part: the use of time in this phase.
    ///   - mayTakeLong: whether other ranks wait longer for this phase than for a step; they always do for the first
    ///     step.
    func enter(
        _ phase: StaticString, _ part: TimeSplit.Part = .other, fault place: Fault.Place? = nil,
        mayTakeLong: Bool = false
    ) throws {
        spend(on: part)
        world.recorder.enter(FlightRecorder.Phase(phase, step: step, mayTakeLong: mayTakeLong || !hasStepped))
        if let place { try Fault.happen(at: place, rank: world.rank, step: step, engine, world.recorder) }
    }
}
