import CommandSupport
import Engine
import Foundation
import Testing

/// OpenBLAS settles which of its kernels compute as it is loaded: each test needs a process of its own.
@Suite("OpenBLAS's choice of kernels", .serialized)
struct OpenBLASTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private func bench(_ arguments: String..., environment: [String: String] = [:]) throws -> Outcome {
        let outcome = try commands.run(
            ["bench", "--model", "lenet", "--batch-size", "8", "--steps", "1", "--threads", "1"] + arguments,
            environment: environment)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome
    }

    /// The CPU whose kernels a run with OpenBLAS says that it has.
    private func core(environment: [String: String] = [:]) throws -> String {
        let output = try bench("--isa", "openblas", environment: environment).output
        return String(try #require(output.firstMatch(of: /openblas with kernels for (\w+)/)).1)
    }

    private static let isUnset = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] == nil

    @Test(
        "OpenBLAS's choice of kernels is what the CPU's features call for, on CPUs newer than it too",
        .enabled(if: isUnset, "OPENBLAS_CORETYPE is set"))
    func features() throws {
        let core = try core()
        if Backend.avx512.isSupported {
            #expect(["SkylakeX", "Cooperlake"].contains(core))
        } else if Backend.avx2.isSupported {
            #expect(core == "Haswell")
        } else {
            #expect(!["Haswell", "Zen", "SkylakeX", "Cooperlake"].contains(core))
        }
    }

    @Test("OpenBLAS's choice of kernels is the user's who has made one")
    func chosen() throws {
        // The only ones that every CPU can run.
        for core in ["Prescott", "Core2"] {
            #expect(try self.core(environment: ["OPENBLAS_CORETYPE": core]) == core)
        }
    }

    @Test(
        "a run that does not ask for OpenBLAS does not load it",
        .enabled(if: Backend.avx2.isSupported, "without AVX2 there is nothing else"))
    func loading() throws {
        // The loader says of each file that it maps whose it is.
        let watched = ["LD_DEBUG": "files"]
        let without = try bench(environment: watched).errors
        #expect(without.contains("libmpi.so") && !without.contains("libopenblas"))
        #expect(try bench("--isa", "openblas", environment: watched).errors.contains("libopenblas.so"))
    }
}
