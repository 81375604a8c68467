import Foundation
import Testing

@testable import Fitness

@Suite("The check of data") struct DataCheckTests {
    /// A grey pixel.
    private static let picture =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="

    /// A folder of pictures of two classes, of which so many are none.
    private func withFolder(damaged: Int, of all: Int, _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fitness-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let picture = try #require(Data(base64Encoded: Self.picture))
        for split in ["train", "val"] {
            for name in ["cat", "dog"] {
                let place = folder.appending(path: "\(split)/\(name)")
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                for index in 0..<all {
                    try (index < damaged ? Data("no picture".utf8) : picture).write(
                        to: place.appending(path: "\(index).png"))
                }
            }
        }
        try body(folder.path)
    }

    @Test("a folder of pictures is fine, its damaged ones are warned of, and nothing but such is a problem")
    func folders() throws {
        for (damaged, verdict) in [(0, Finding.Verdict.ok), (1, .warning), (3, .problem)] {
            try withFolder(damaged: damaged, of: 3) { folder in
                let found = DataCheck.findings(of: folder)
                #expect(found.map(\.verdict) == [.ok, verdict])
                #expect(found[0].found.contains("2 classes, 6 samples to train and 6 to test"))
            }
        }
    }

    @Test("missing data are a problem, and drawn data need no look")
    func others() {
        #expect(DataCheck.findings(of: "/no/such/folder").map(\.verdict) == [.problem])
        #expect(DataCheck.findings(of: "shapes").map(\.verdict) == [.ok])
    }

    @Test("some samples are looked at from the first to the last", arguments: [0, 1, 31, 32, 33, 1_000_000])
    func places(count: Int) {
        let places = DataCheck.places(of: count)
        #expect(places.count == min(count, DataCheck.samples) && places == places.sorted())
        #expect(Set(places).count == places.count)
        if count > 0 { #expect(places.first == 0 && places.last == count - 1) }
    }
}
