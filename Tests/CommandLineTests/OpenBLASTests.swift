import Engine
import Foundation
import Testing

/// OpenBLAS settles which of its kernels compute as it is loaded, before the program begins: each test needs a process of its own.
@Suite("OpenBLAS's choice of kernels", .serialized)
struct OpenBLASTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private func machine(environment: [String: String] = [:]) throws -> String {
        let outcome = try commands.run(
            ["bench", "--model", "lenet", "--batch-size", "8", "--steps", "1", "--threads", "1", "--isa", "openblas"],
            environment: environment)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try #require(outcome.output.split(separator: "\n").map(String.init).first { $0.hasPrefix("machine ") })
    }

    @Test(
        "is AVX-512's where the CPU has it, also on CPUs that are newer than the library",
        .enabled(if: Engine.supports(.avx512), "needs a CPU with AVX-512"),
        .disabled(if: ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] != nil, "OPENBLAS_CORETYPE is set"))
    func wide() throws {
        let machine = try machine()
        #expect(
            ["SkylakeX", "Cooperlake", "SapphireRapids"].contains {
                machine.hasSuffix(" openblas with kernels for \($0)")
            })
    }

    @Test("is the user's who has made one", .enabled(if: Engine.supports(.avx2), "needs a CPU with AVX2"))
    func chosen() throws {
        #expect(
            try machine(environment: ["OPENBLAS_CORETYPE": "Haswell"]).hasSuffix(" openblas with kernels for Haswell"))
    }
}
