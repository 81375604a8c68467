import Files
import Glibc
import Terminal

/// Whether results can be written, and how many of them.
package enum DiskCheck {
    /// Bytes of a small network's results.
    static let least = 100 << 20
    /// Bytes of the four or five checkpoints of a large one.
    static let enough = 4 << 30

    /// - Parameters:
    ///   - path: the folder for results, which is made where it is missing.
    ///   - free: the free bytes of its disk; nil where not known.
    ///   - refusal: the reason why it cannot be written to; nil where it can.
    package static func finding(path: String, free: Int?, refusal: String?) -> Finding {
        let shown = path.visible
        if let refusal {
            return .problem(
                "output", "\(shown) cannot be written: \(refusal)", needed: "a folder of yours",
                remedy: "Name another with --output, or change its owner")
        }
        guard let free else { return .ok("output", "\(shown) can be written") }
        return .ofBytes(
            "output", free, least: least, enough: enough, of: { "\(shown) can be written, \($0) are free" },
            for: "for checkpoints",
            remedy: "Make space, name another disk with --output, or keep fewer with --keep-last")
    }

    /// Returns the finding about a folder, or about the nearest one above it that exists.
    package static func finding(of path: String) -> Finding {
        var folder = path
        while !fileExists(folder) {
            let parent = splitPath(folder).folder
            if parent == folder { break }
            folder = parent
        }
        let refusal = errorOfMakingFolder(in: folder).map(systemReason)
        return finding(path: path, free: freeBytes(in: folder), refusal: refusal)
    }
}
