internal import COpenBLAS
internal import Glibc
internal import Kernels
package import Machine
internal import Synchronization

/// OpenBLAS, loaded on first use: other runs start without its load time and its threads.
package struct OpenBLAS: Sendable {
    private let product: openblas_sgemm
    private let threadSetter: openblas_thread_setter
    private let coreName: openblas_core_name
    /// The number of threads that compute a product.
    package var threads = 1

    /// The lock for computing products: the number of OpenBLAS's threads, on which its bits depend, is global to the
    /// process.
    private static let turn = Mutex(0)

    /// The file names of the library: in Linux packages, then in development packages.
    static let names = ["libopenblas.so.0", "libopenblas.so"]

    private static let shared = Result { () throws(NoSharedLibrary) in try OpenBLAS(names: names) }

    /// Returns the library of this process.
    package static func loaded() throws(NoSharedLibrary) -> OpenBLAS { try shared.get() }

    /// Loads the first library of `names` that exists.
    ///
    /// OpenBLAS chooses its kernels while it is loaded, and takes SSE3's on a CPU that is newer than itself. So this
    /// names the CPU to it, unless the user has done so.
    ///
    /// - Throws: `NoSharedLibrary`
    init(names: [String]) throws(NoSharedLibrary) {
        let isChosen = getenv(Self.coreVariable) != nil
        if !isChosen, let core = Self.core { setenv(Self.coreVariable, core, 1) }
        // Child processes must choose for themselves.
        defer { if !isChosen { unsetenv(Self.coreVariable) } }
        let library = try SharedLibrary(names: names)
        product = try library.function("cblas_sgemm", as: openblas_sgemm.self)
        threadSetter = try library.function("openblas_set_num_threads", as: openblas_thread_setter.self)
        coreName = try library.function("openblas_get_corename", as: openblas_core_name.self)
    }

    // MARK: Kernels

    private static let coreVariable = "OPENBLAS_CORETYPE"

    /// OpenBLAS's name of a CPU whose kernels suit this one; nil to leave the choice to OpenBLAS.
    static var core: String? {
        switch InstructionSet.supported.first {
        case .avx512: openblas_sees_bfloat16() ? "Cooperlake" : "SkylakeX"
        case .avx2: "Haswell"
        case .baseline, nil: nil
        }
    }

    /// The name that OpenBLAS gives to the CPU whose kernels it uses.
    package var chosenCore: String? { coreName().map { String(cString: $0) } }

    /// Computes a product of row-major matrices on the calling thread and OpenBLAS's own. Other engines wait until it
    /// is done.
    ///
    /// - Parameters:
    ///   - depth: the columns of `a` and the rows of `b`, after transposition.
    ///   - c: `rows` x `columns`, with rows `stride` floats apart.
    ///   - adds: whether the product is added to the contents of `c`.
    func multiply(
        _ a: Matrix, _ b: Matrix, depth: Int, to c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int,
        adds: Bool
    ) {
        Self.turn.withLock { current in
            if current != threads { threadSetter(CInt(threads)) }
            current = threads
            product(
                CInt(openblas_row_major), a.transposition, b.transposition, CInt(rows), CInt(columns), CInt(depth), 1,
                a.base, CInt(a.stride), b.base, CInt(b.stride), adds ? 1 : 0, c, CInt(stride))
        }
    }

    /// A factor of a product.
    struct Matrix {
        let base: UnsafePointer<Float>
        /// The floats from one row in memory to the next.
        let stride: Int
        /// Whether rows in memory are columns of the factor.
        let isTransposed: Bool

        init(_ base: UnsafePointer<Float>, stride: Int, isTransposed: Bool = false) {
            self.base = base
            self.stride = stride
            self.isTransposed = isTransposed
        }

        fileprivate var transposition: CInt { CInt(isTransposed ? openblas_transposed : openblas_plain) }
    }
}
