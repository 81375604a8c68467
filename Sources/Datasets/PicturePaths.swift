import Files
import Glibc

/// The pictures' files that a path or a pattern means.
///
/// - Parameter path: a file, which is taken whatever it is; a folder, of which all pictures are meant, those of folders
///   in it too, sorted by the bytes of their names; or, where nothing is there, a pattern such as `holiday/*.jpg`.
/// - Returns: the path itself where nothing is there and it is no pattern, so that whoever opens it says so.
/// - Throws: `DatasetError` for a folder that cannot be read, or has no picture, and a pattern that no file has.
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

/// Folders that may lie in each other.
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
