internal import Glibc

/// Makes a folder in `folder`, and removes it again.
///
/// - Returns: the system's error number where no folder can be made there; nil where one can.
package func errorOfMakingFolder(in folder: String) -> Int32? {
    var name = temporaryName(in: folder)
    guard mkdtemp(&name) != nil else { return errno }
    rmdir(name)
    return nil
}

/// Returns a template path for mkstemp(3) and mkdtemp(3), which replace its last six letters by unused ones.
func temporaryName(in folder: String) -> [CChar] {
    (folder + "/cnn-train-XXXXXX").pathBytes.map { CChar(bitPattern: $0) } + [0]
}
