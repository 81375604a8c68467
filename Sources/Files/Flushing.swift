import Glibc

/// Makes the names in a folder outlive a loss of power.
package func flushFolder(_ path: String) throws(FileError) {
    let folder = path.withPath { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard folder >= 0 else { throw .system(call: "open folder", path: path, code: errno) }
    defer { close(folder) }
    // Some network file systems flush names by themselves, and refuse to be asked.
    guard fsync(folder) == 0 || errno == EINVAL else { throw .system(call: "fsync folder", path: path, code: errno) }
}
