import Files
import Foundation
import Tensors

extension FlightRecorder {
    /// Writes the record to `flight-recorder.rank-N.json` in `folder`, where that is set: one JSON object, the oldest
    /// collective first, times in seconds before now. Errors of writing are ignored: the record must not end a run.
    func writeFile(rank: Int, size: Int) {
        guard let folder else { return }
        let now = monotonicSeconds()
        let snapshot = snapshot
        let record = Record(
            rank: rank, ranks: size, host: ProcessInfo.processInfo.hostName, phase: snapshot.phase,
            phase_seconds: snapshot.phaseSeconds,
            collectives: entries.map { entry in
                Record.Collective(
                    line: "\(entry.line)", sequence: entry.sequence, operation: entry.operation.rawValue,
                    name: "\(entry.name)", bytes: entry.bytes, phase: "\(entry.phase)",
                    begun_seconds_ago: now - entry.start, seconds: entry.end.map { $0 - entry.start },
                    timeout: entry.patience.usual)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        guard let data = try? encoder.encode(record) else { return }
        try? makeFolders(folder)
        let file = "\(folder)/flight-recorder.rank-\(rank).json".withPath { fopen($0, "we") }
        guard let file else { return }
        _ = data.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
        fclose(file)
    }

    /// The contents of the file.
    private struct Record: Encodable {
        struct Collective: Encodable {
            let line: String
            let sequence: Int
            let operation: String
            let name: String
            let bytes: Int
            let phase: String
            let begun_seconds_ago: Double
            /// The collective's duration; nil while it goes on.
            let seconds: Double?
            let timeout: Double
        }

        let rank: Int
        let ranks: Int
        let host: String
        let phase: String
        let phase_seconds: Double
        let collectives: [Collective]
    }
}
