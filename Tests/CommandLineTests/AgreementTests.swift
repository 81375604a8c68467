import CommandSupport
import Foundation
import Testing

/// Ranks that do not belong together find out before they work.
@Suite("Ranks agree", .serialized)
struct AgreementTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private func arguments(data: String? = nil, _ more: String...) throws -> [String] {
        [
            "--model", "lenet", "--data", try data ?? commands.tinyData(), "--batch-size", "16", "--threads", "1",
            "--steps",
            "1", "--output", "run",
        ] + more
    }

    /// The one complaint of a job that must fail, on ranks 0 and 1 with one program and rank 2 with another.
    private func complaint(
        _ first: (binary: String, arguments: [String]), _ second: (binary: String, arguments: [String])
    ) throws -> String {
        let outcome = try commands.run(programs: [
            (2, first.binary, first.arguments), (1, second.binary, second.arguments),
        ])
        #expect(outcome.status == 1, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: commands.folder + "/run"))
        return outcome.complaints.first ?? ""
    }

    @Test("ranks agree on their recipe: one with another flag is named")
    func recipe() throws {
        let binary = try Commands.binary()
        let words = try complaint((binary, arguments("--lr", "0.1")), (binary, arguments("--lr", "0.2")))
        #expect(words.contains("rank 2/3 on ") && words.contains("command line"))
        #expect(words.contains("--lr 0.1") && words.contains("--lr 0.2"))
    }

    @Test("ranks agree on their program: one of another build is named")
    func binary() throws {
        let binary = try Commands.binary()
        // What follows an executable's last section changes its digest and nothing else.
        let copy = commands.folder + "/cnn-train-of-yesterday"
        try FileManager.default.copyItem(atPath: binary, toPath: copy)
        let file = try FileHandle(forWritingTo: URL(filePath: copy))
        try file.seekToEnd()
        try file.write(contentsOf: Data([0]))
        try file.close()
        let words = try complaint((binary, arguments()), (copy, arguments()))
        #expect(words.contains("rank 2/3 on ") && words.contains("program") && words.contains(copy))
    }

    @Test("ranks agree on their dataset: one with other files under the same name is named")
    func dataset() throws {
        // The same command line everywhere; the link leads each rank to files of its own.
        for (name, first) in [("a", 0), ("b", 1)] {
            let folder = commands.folder + "/" + name
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            _ = try commands.tinyData()
            for file in [
                "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                "t10k-labels-idx1-ubyte",
            ] {
                var bytes = try [UInt8](Data(contentsOf: URL(filePath: commands.folder + "/" + file)))
                if file.hasPrefix("train-labels") { bytes[8] = UInt8(first) }
                try Data(bytes).write(to: URL(filePath: folder + "/" + file))
            }
        }
        let script = commands.folder + "/start"
        let text = """
            #!/bin/sh
            mkdir -p "$OMPI_COMM_WORLD_RANK" && cd "$OMPI_COMM_WORLD_RANK" || exit 9
            if [ "$OMPI_COMM_WORLD_RANK" = 2 ]; then ln -s ../b data; else ln -s ../a data; fi
            exec \(try Commands.binary()) "$@"
            """
        try commands.write(Array(text.utf8), to: "start")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let started = (script, try arguments(data: "fashion-mnist:data"))
        let words = try complaint(started, started)
        #expect(words.contains("rank 2/3 on ") && words.contains("dataset"))
    }
}
