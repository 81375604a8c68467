import CheckpointFaults
import Glibc
import Testing

@testable import Checkpoints

@Suite("What is said of files") struct VerificationTests {
    @Test("a folder is walked, and each file gets its word")
    func walk() throws {
        let temporary = try TemporaryFolder()
        let directory = CheckpointDirectory(path: temporary.path + "/run/checkpoints", retention: Retention(last: 9))
        for step in 1...3 { try directory.commit(Specimen.state(step: step, noise: 100)) }
        let paths = try directory.entries().map(\.path)
        let files = SystemFiles()
        func rewrite(_ path: String, _ bytes: [UInt8]) throws {
            let file = try files.create(path)
            _ = try files.write(bytes.span.bytes, to: file)
            try files.close(file)
        }
        // The newest loses its last byte, the oldest takes the second's name away.
        let newest = try files.open(paths[0])
        try rewrite(paths[0], Array(try files.read(1 << 20, from: newest).dropLast()))
        try files.rename(paths[2], to: paths[1])
        try Specimen.state(step: 1).exportWeights(to: temporary.path + "/run/w.safetensors")
        let partial = temporary.path + "/run/" + PartialFile.name(for: "step-000000009.safetensors.zst")
        try rewrite(partial, [1])
        try rewrite(temporary.path + "/run/notes.txt", [1])
        // Links that lead back are not followed, or the walk would not end.
        for name in ["a", "b", "c"] { #expect(symlink(".", temporary.path + "/run/" + name) == 0) }

        let found = try Verification.files(in: temporary.path).map { Verification(of: $0) }
        #expect(
            found.map { $0.path.dropFirst(temporary.path.count + 1) } == [
                partial.dropFirst(temporary.path.count + 1), paths[1].dropFirst(temporary.path.count + 1),
                paths[0].dropFirst(temporary.path.count + 1), "run/w.safetensors",
            ])
        #expect(found.map(\.kind) == [.unfinished, .broken, .broken, .weights])
        #expect(found[1].problem == .misnamed(path: paths[1], step: 1, promised: 2))
        #expect(found[2].problem == .damaged(path: paths[0], reason: "it ends in the middle of its zstd frame"))
        #expect(found[3].tensors == 4 && found[3].about == nil && found[3].bytes > 300_000)
    }

    @Test("a checkpoint says how many tensors hold, and how many numbers are none")
    func whole() throws {
        let disk = MemoryDisk()
        let path = try SavingRun.directory(disk).commit(Specimen.state(step: 7, noise: 5)).path
        let verification = Verification(of: path, in: disk)
        #expect(verification.kind == .checkpoint && verification.holds && verification.problem == nil)
        #expect(verification.tensors == 5 && verification.notFinite == 1)
        #expect(verification.about?.progress.globalStep == 7)
        #expect(Verification(of: "/none", in: disk).problem == .noFile(path: "/none"))
    }
}

@Suite("Two checkpoints") struct DifferenceTests {
    private func tensor(_ name: String, _ values: [Float]) -> NamedTensor {
        NamedTensor(name: name, shape: [values.count], storage: .float32(values))
    }

    @Test("two checkpoints differ in what differs, to the sign of zero, and in nothing else")
    func difference() {
        let first = Checkpoint(
            tensors: [tensor("same", [1, .nan]), tensor("zero", [0, 1]), tensor("shape", [1]), tensor("gone", [])],
            optimizer: [], metadata: ["a": "1", "b": "2", "c": "3"])
        let second = Checkpoint(
            tensors: [
                tensor("new", []), tensor("same", [1, .nan]), tensor("zero", [-0.0, 1.5]),
                NamedTensor(name: "shape", shape: [1, 1], storage: .float32([1])),
            ], optimizer: [], metadata: ["a": "1", "b": "x"])
        let difference = CheckpointDifference(first, second)
        #expect(difference.metadata.map(\.key) == ["b", "c"])
        #expect(difference.metadata.map(\.second) == ["x", nil])
        #expect(difference.tensors.map(\.name) == ["zero", "shape", "gone", "new"])
        #expect(
            difference.tensors.map(\.difference) == [
                .values(count: 2, of: 2, largest: 0.5), .kind(first: "F32 [1]", second: "F32 [1, 1]"), .onlyInFirst,
                .onlyInSecond,
            ])
        #expect(difference.same == 1 && !difference.isEmpty)
        #expect(CheckpointDifference(first, first).isEmpty)
    }
}

@Suite("The mean of checkpoints") struct AverageTests {
    private func checkpoint(_ step: Int, _ values: [Float], count: Int64) -> Checkpoint {
        var state = Specimen.state(step: step, noise: 0)
        state.tensors = [
            NamedTensor(name: "w", shape: [values.count], storage: .float32(values)),
            NamedTensor(name: "n", shape: [], storage: .int64([count])),
        ]
        return state
    }

    @Test("the mean of checkpoints is that of each number, of counts the highest, under the newest's name")
    func mean() throws {
        let average = try Checkpoint.average(of: [
            ("a", checkpoint(8, [1, 0x1p-24], count: 5)), ("b", checkpoint(3, [2, 1], count: 9)),
            ("c", checkpoint(4, [6, 1], count: 1)),
        ])
        #expect(average.tensors[0].floats == [3, Float((0x1p-24 + 2) / 3.0)])
        #expect(average.tensors[1].integers == [9])
        #expect(average.optimizer.isEmpty && average.averaged.isEmpty)
        let about = try average.about(path: "a")
        #expect(about.progress.globalStep == 8 && about.metrics.isEmpty)
        #expect(average.metadata["averaged_from"] == #"["a","b","c"]"#)
    }

    @Test("the mean of one checkpoint is that one's weights")
    func one() throws {
        let state = Specimen.state(step: 2)
        let average = try Checkpoint.average(of: [("a", state)])
        #expect(sha256(of: average.tensors) == sha256(of: state.tensors))
    }

    @Test("the mean of different networks is refused, with the file and the tensor")
    func unlike() throws {
        let first = checkpoint(1, [1, 2], count: 1)
        #expect(throws: CheckpointError.unlike(path: "b", found: "w F32 [1]", expected: "w F32 [2]")) {
            try Checkpoint.average(of: [("a", first), ("b", checkpoint(2, [1], count: 1))])
        }
        var shorter = first
        shorter.tensors.removeLast()
        #expect(throws: CheckpointError.unlike(path: "b", found: "1 tensors", expected: "2")) {
            try Checkpoint.average(of: [("a", first), ("b", shorter)])
        }
    }
}
