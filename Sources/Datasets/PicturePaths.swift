import Files
import Glibc

/// Returns the files of pictures that a path or a pattern means.
///
/// - Parameter path: a file of any kind; a folder, for all its pictures including those of subfolders, sorted by the
///   bytes of their names; or, where the path does not exist, a pattern such as `holiday/*.jpg`.
/// - Returns: the path itself where it does not exist and is no pattern, so that opening it gives the error.
/// - Throws: `DatasetError` for a folder that cannot be read or has no picture, and a pattern that no file matches.
package func picturePaths(_ path: String) throws(DatasetError) -> [String] {
    if isFolder(path) {
        var found: [String] = []
        try addPictures(
            in: path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path, depth: 0, to: &found)
        guard !found.isEmpty else { throw .noPictures(path: path) }
        return found
    }
    guard !fileExists(path), path.utf8.contains(where: { "*?[".utf8.contains($0) }) else { return [path] }
    var matches = glob_t()
    defer { globfree(&matches) }
    guard path.withPath({ glob($0, 0, nil, &matches) }) == 0 else { throw .noPictures(path: path) }
    return (0..<Int(matches.gl_pathc)).compactMap { matches.gl_pathv[$0].map { String(path: $0) } }
}

/// The most levels of subfolders.
private let mostFolders = 40

private func addPictures(in folder: String, depth: Int, to found: inout [String]) throws(DatasetError) {
    guard depth < mostFolders else { throw .tooDeep(folder: folder) }
    let entries = try FolderEntries(of: folder)
    let files = entries.names(of: .file).filter { PictureEnding.isPicture($0) }
    found += files.map { folder + "/" + String(pathBytes: $0) }
    for name in entries.names(of: .folder) {
        try addPictures(in: folder + "/" + String(pathBytes: name), depth: depth + 1, to: &found)
    }
}
