/// The messages between watchdogs.
enum RankReport {
    /// A request for the other's state; carries the sender's, as `answer` and `farewell` do.
    case request(Snapshot)
    case answer(Snapshot)
    /// The job ends, and each rank is to write its records. Answered as a request is.
    case farewell(Snapshot)
    /// The sender is alive, on this host.
    case beat(host: String)

    var bytes: [UInt8] {
        let (kind, snapshot): (String, Snapshot)
        switch self {
        case .request(let own): (kind, snapshot) = ("request", own)
        case .answer(let own): (kind, snapshot) = ("answer", own)
        case .farewell(let own): (kind, snapshot) = ("farewell", own)
        case .beat(let host): return Array("beat\n\(host)".utf8)
        }
        let numbers = snapshot.progress.map { "\($0.begun)" }.joined(separator: " ")
        let pace = snapshot.mayTakeLong ? "long" : "usual"
        return Array("\(kind) \(pace) \(snapshot.phaseSeconds) \(numbers)\n\(snapshot.phase)".utf8)
    }

    /// Reads a message; nil for bytes that no watchdog has written.
    init?(bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", maxSplits: 1)
        guard lines.count == 2 else { return nil }
        let words = lines[0].split(separator: " ")
        if words == ["beat"] {
            self = .beat(host: String(lines[1]))
            return
        }
        guard words.count == 3 + FlightRecorder.Line.allCases.count, ["long", "usual"].contains(words[1]),
            let seconds = Double(words[2])
        else { return nil }
        let progress = words.dropFirst(3).compactMap { Int($0) }.map { FlightRecorder.Progress(begun: $0) }
        guard progress.count == FlightRecorder.Line.allCases.count else { return nil }
        let snapshot = Snapshot(
            progress: progress, phase: String(lines[1]), mayTakeLong: words[1] == "long", phaseSeconds: seconds)
        switch words[0] {
        case "request": self = .request(snapshot)
        case "answer": self = .answer(snapshot)
        case "farewell": self = .farewell(snapshot)
        default: return nil
        }
    }
}
