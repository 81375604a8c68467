import Glibc

/// Returns the path that a user means, on the command line or in a file: unchanged, except that a `~` or `~user` at the
/// beginning becomes a home folder. A shell does the same, but not after `=` and not in YAML. A `~name` of which
/// there is no user means a file of this folder, such as an editor's `~draft`, if that exists.
///
/// - Throws: `unknownUser`, `zeroByte`
package func userPath(_ text: String) throws(FileError) -> String {
    guard !text.utf8.contains(0) else { throw .zeroByte(path: text) }
    guard text.utf8.first == UInt8(ascii: "~") else { return text }
    let head = text.utf8.prefix { $0 != UInt8(ascii: "/") }
    let rest = text[head.endIndex...]
    let user = String(text[text.utf8.index(after: text.utf8.startIndex)..<head.endIndex])
    guard let home = homeFolder(of: user) else {
        if fileExists(String(text[..<head.endIndex])) { return "./" + text }
        throw .unknownUser(path: text, user: user)
    }
    // Of `/` and `/x` one slash is enough.
    return (home == "/" && !rest.isEmpty ? "" : home) + rest
}

/// Returns a dataset's name, its path, or `name:path`, with a `~` at the beginning of the path replaced as `userPath`
/// does.
///
/// - Throws: the errors of `userPath`.
package func userDataset(_ text: String) throws(FileError) -> String {
    let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
    guard let colon, !text.utf8[..<colon].contains(UInt8(ascii: "/")) else { return try userPath(text) }
    let folder = text.utf8.index(after: colon)
    return try text[..<folder] + userPath(String(text[folder...]))
}

/// Returns the home folder of a user; of this process's where the name is empty. nil where there is no such user.
private func homeFolder(of user: String) -> String? {
    if user.isEmpty, let home = getenv("HOME"), home.pointee != 0 { return String(path: home) }
    let entry = user.isEmpty ? getpwuid(getuid()) : user.withPath { getpwnam($0) }
    return entry?.pointee.pw_dir.map { String(path: $0) }
}
