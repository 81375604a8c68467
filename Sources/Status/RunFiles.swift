import Checkpoints
import Files
import Foundation
import Glibc
import Runs
import Terminal

/// The files of a run's folder that are looked up for each request.
struct RunFiles: Sendable {
    let folder: RunFolder

    /// Seconds since the newest checkpoint was written; nil where there is none.
    func checkpointAge(at now: Date) -> Double? {
        guard let entry = try? CheckpointDirectory(path: folder.checkpoints).entries().first,
            let status = fileStatus(entry.path)
        else { return nil }
        return max(0, now.timeIntervalSince1970 - Double(status.st_mtim.tv_sec))
    }

    /// The time at which the report was written; nil where there is none.
    var reportTime: Date? {
        fileStatus(folder.report).map { status in
            Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
        }
    }

    /// Returns the newest events of a supervisor, the newest last.
    func supervisorEvents(most: Int) -> [RunStatus.Event] {
        guard let text = tail(of: folder.events) else { return [] }
        let lines = text.split(separator: "\n").suffix(most)
        return lines.compactMap { line in
            guard let (time, event) = SupervisorEvent.read(line.utf8) else { return nil }
            return RunStatus.Event(
                time: time, kind: event.kind.rawValue, step: event.savedStep, text: event.words.visible)
        }
    }

    /// Returns the last whole lines of a file; nil where there is none.
    private func tail(of path: String, bytes: UInt64 = 1 << 16) -> String? {
        guard let status = fileStatus(path), let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        let size = UInt64(max(status.st_size, 0))
        try? handle.seek(toOffset: size > bytes ? size - bytes : 0)
        guard let data = try? handle.read(upToCount: Int(bytes)) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        return size > bytes ? String(text.drop { $0 != "\n" }) : text
    }
}
