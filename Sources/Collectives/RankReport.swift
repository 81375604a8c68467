/// What watchdogs tell each other.
enum RankReport {
    /// Asks for the other's state; carries one's own, as what follows does.
    case request(Snapshot)
    case answer(Snapshot)

    var bytes: [UInt8] {
        let (kind, snapshot) =
            switch self {
            case .request(let snapshot): ("request", snapshot)
            case .answer(let snapshot): ("answer", snapshot)
            }
        let numbers = snapshot.progress.map { "\($0.begun)" }.joined(separator: " ")
        return Array("\(kind) \(snapshot.phaseSeconds) \(numbers)\n\(snapshot.phase)".utf8)
    }

    /// nil for what no watchdog has written.
    init?(bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", maxSplits: 1)
        guard lines.count == 2 else { return nil }
        let words = lines[0].split(separator: " ")
        guard words.count == 2 + FlightRecorder.Line.allCases.count, let seconds = Double(words[1]) else { return nil }
        let progress = words.dropFirst(2).compactMap { Int($0) }.map { FlightRecorder.Progress(begun: $0) }
        guard progress.count == FlightRecorder.Line.allCases.count else { return nil }
        let snapshot = Snapshot(progress: progress, phase: String(lines[1]), phaseSeconds: seconds)
        switch words[0] {
        case "request": self = .request(snapshot)
        case "answer": self = .answer(snapshot)
        default: return nil
        }
    }
}
