import Glibc
import Machine
import Testing

@testable import Compiler
@testable import Engine

// One after the other: whoever loads OpenBLAS changes the environment for a moment.
@Suite("OpenBLAS as a library", .serialized)
struct OpenBLASTests {
    private func failure(_ names: String...) -> String {
        let error = #expect(throws: NoSharedLibrary.self) { _ = try OpenBLAS(names: names) }
        return error.map { EngineError($0).description } ?? ""
    }

    @Test("a missing OpenBLAS is an error that names the package, and the other ways to compute")
    func missing() {
        let words = failure("libno-such-blas.so.0", "libnor-this.so")
        #expect(words.contains("libno-such-blas.so.0"))
        #expect(words.contains("apt-get install libopenblas0"))
        for backend in Backend.supported where backend != .openblas {
            #expect(words.contains("choose one of: ") && words.contains(backend.rawValue))
        }
    }

    @Test("another library in OpenBLAS's place is an error that says what it lacks")
    func another() {
        #expect(failure("libno-such-blas.so.0", "libm.so.6").contains("libm.so.6 has no cblas_sgemm"))
    }

    @Test("OpenBLAS takes kernels for what the CPU has, and leaves the environment as it was")
    func kernels() throws {
        // No other suite loads it from here on.
        _ = try OpenBLAS.loaded()
        let before = getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }
        let library = try OpenBLAS(names: OpenBLAS.names)
        #expect(getenv("OPENBLAS_CORETYPE").map { String(cString: $0) } == before)
        let chosen = try #require(library.chosenCore)
        if let asked = before ?? OpenBLAS.core { #expect(chosen.lowercased() == asked.lowercased()) }
    }

    @Test("OpenBLAS gives products the bits of their own number of threads, whatever other engines have")
    func threads() async throws {
        let (rows, depth, columns) = (120, 1500, 200)
        func numbers(_ count: Int, _ factor: Int, _ prime: Int) -> [Float] {
            (0..<count).map { index -> Float in Float(index * factor % prime) / Float(prime) - 0.5 }
        }
        let (a, b) = (numbers(rows * depth, 7919, 1009), numbers(depth * columns, 6971, 997))
        @Sendable func product(threads: Int) throws -> [Float] {
            var library = try OpenBLAS.loaded()
            library.threads = threads
            var c = [Float](repeating: 0, count: rows * columns)
            library.multiply(
                OpenBLAS.Matrix(a, stride: depth), OpenBLAS.Matrix(b, stride: columns), depth: depth, to: &c,
                rows: rows,
                columns: columns, stride: columns, adds: false)
            return c
        }
        let alone = try [1, 2, 3].map { try product(threads: $0) }
        try await withThrowingTaskGroup { group in
            for round in 0..<30 {
                group.addTask {
                    let found = try product(threads: 1 + round % 3)
                    #expect(found == alone[round % 3])
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("OpenBLAS multiplies row-major matrices, either transposed or not, and adds where that is asked for")
    func products() throws {
        let library = try OpenBLAS.loaded()
        // a is 2 x 3, b is 3 x 2, both in rows of 4; what lies behind a row is not read.
        let a: [Float] = [1, 2, 3, 99, 4, 5, 6, 99]
        let b: [Float] = [1, 2, 99, 99, 3, 4, 99, 99, 5, 6, 99, 99]
        var c: [Float] = [1, 1, 1, 1]
        library.multiply(
            OpenBLAS.Matrix(a, stride: 4), OpenBLAS.Matrix(b, stride: 4), depth: 3, to: &c, rows: 2, columns: 2,
            stride: 2, adds: true)
        #expect(c == [23, 29, 50, 65])
        // The transpose of a times the transpose of b: 3 x 3.
        var d = [Float](repeating: 7, count: 9)
        library.multiply(
            OpenBLAS.Matrix(a, stride: 4, isTransposed: true), OpenBLAS.Matrix(b, stride: 4, isTransposed: true),
            depth: 2, to: &d, rows: 3, columns: 3, stride: 3, adds: false)
        #expect(d == [9, 19, 29, 12, 26, 40, 15, 33, 51])
    }
}
