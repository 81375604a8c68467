import Foundation

func temporaryFile(_ text: String) throws -> String {
    let path = FileManager.default.temporaryDirectory.appending(path: "hosts-\(UUID().uuidString)").path
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
}

func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
