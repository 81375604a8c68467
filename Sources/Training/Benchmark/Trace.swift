import Checkpoints
package import Collectives
import Engine
import Runs

extension StepRecording {
    /// Returns all timed steps of all ranks as a Chrome trace for chrome://tracing and Perfetto: a JSON array of
    /// complete events (`ph` X) in microseconds since the first timed step began. Steps contain layers, layers contain
    /// kernels; `pid` is the rank, `tid` 0 the computing thread and 1 the one that sums gradients.
    ///
    /// Clocks of ranks are aligned at the beginning of that step, to the precision of a barrier. Collective.
    /// - Returns: the trace on rank 0, nil elsewhere.
    package func trace(in world: any Communicator) throws -> String? {
        let texts = try world.gather(Array(events(rank: world.rank).joined(separator: ",\n").utf8), to: 0)
        guard world.rank == 0 else { return nil }
        return "[\n" + texts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",\n") + "\n]\n"
    }

    private func events(rank: Int) -> [String] {
        guard let origin = steps.first?.start else { return [] }
        func event(
            _ name: String, _ category: String, _ start: Double, _ end: Double, thread: Int = 0
        ) -> String {
            var object = JSONLine()
            object.add("name", name)
            object.add("cat", category)
            object.add("ph", "X")
            object.add("ts", Self.microseconds(start - origin))
            object.add("dur", Self.microseconds(end - start))
            object.add("pid", rank)
            object.add("tid", thread)
            return object.text
        }
        return steps.enumerated().flatMap { index, step in
            var events = [event("step \(index)", "step", step.start, step.end)]
            // An enclosing event comes before the events in it.
            for run in Self.runs(step.calls.filter { $0.seconds > 0 }) {
                guard let first = run.first, let last = run.last else { continue }
                let node = nodes[first.node]
                let name = node.layer.isEmpty ? "\(node.kind)" : "\(node.layer) \(node.kind)"
                events.append(event(name, "layer", first.start, last.start + last.seconds))
                events += run.map { event($0.name, "kernel", $0.start, $0.start + $0.seconds) }
            }
            events += step.communication.map { sum in
                event("gradients \(sum.bucket)", "communication", sum.start, sum.start + sum.seconds, thread: 1)
            }
            return events
        }
    }

    /// Groups consecutive calls of the same node.
    private static func runs(_ calls: [TimedCall]) -> [ArraySlice<TimedCall>] {
        var runs: [ArraySlice<TimedCall>] = []
        var start = 0
        for index in calls.indices where index + 1 == calls.count || calls[index + 1].node != calls[index].node {
            runs.append(calls[start...index])
            start = index + 1
        }
        return runs
    }

    /// Returns the time in microseconds, rounded to the nanosecond.
    private static func microseconds(_ seconds: Double) -> Double { (seconds * 1e9).rounded() / 1e3 }
}

/// The file of a trace. It is opened before there is anything to write, so that an unwritable path is found early.
package final class TraceFile {
    private var file: AtomicFile

    /// - Throws: `CheckpointError` where the file cannot be written, or its name has the ending of another format.
    package init(path: String) throws {
        try FileEnding.check(path, content: "a trace in JSON", expected: ".json")
        file = try AtomicFile(path: path)
    }

    /// Writes the file, in place of its earlier content. Call it once.
    package func write(_ text: String) throws {
        try file.write(Array(text.utf8).span.bytes)
        try file.commit()
    }
}
