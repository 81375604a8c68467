import Files
import Foundation
package import Runs

/// Runs below a folder.
package enum RunFinder {
    /// The most levels of subfolders to search.
    private static let deepest = 3

    /// Returns the folders of runs in a folder and its subfolders, including itself, in the order of their paths.
    package static func runs(below folder: String) -> [RunFolder] {
        found(folder, depth: 0).sorted { $0.path < $1.path }
    }

    private static func found(_ path: String, depth: Int) -> [RunFolder] {
        let folder = RunFolder(path: path)
        // A run's own folders hold no other run.
        if folder.holdsRun { return [folder] }
        guard depth < deepest else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.map { "\(path)/\($0)" }.filter { isFolder($0) }
            .flatMap { found($0, depth: depth + 1) }
    }
}
