internal import COpenBLAS
internal import Glibc
internal import Kernels
internal import Synchronization

/// OpenBLAS, which is loaded when it is first asked for: other runs start without its load time and its threads.
struct OpenBLAS: Sendable {
    private let product: openblas_sgemm
    private let threadSetter: openblas_thread_setter
    private let coreName: openblas_core_name
    /// Threads that compute a product.
    var threads = 1

    /// The turn to compute products: OpenBLAS's number of threads, on which its bits depend, is one for the whole
    /// process.
    private static let turn = Mutex(0)

    /// The names of the library: that of Linux packages, then that of its development files.
    static let names = ["libopenblas.so.0", "libopenblas.so"]

    private static let shared = Result<OpenBLAS, EngineError> { () throws(EngineError) in try OpenBLAS(names: names) }

    /// The library of this process.
    static func loaded() throws(EngineError) -> OpenBLAS { try shared.get() }

    /// Loads the first of `names` that is there.
    ///
    /// OpenBLAS settles which of its kernels compute while it is loaded, and takes SSE3's on a CPU that is newer than
    /// itself. So the CPU is named to it, unless the user has done so.
    ///
    /// - Throws: `EngineError.noOpenBLAS`
    init(names: [String]) throws(EngineError) {
        let isChosen = getenv(Self.coreVariable) != nil
        if !isChosen, let core = Self.core { setenv(Self.coreVariable, core, 1) }
        // Programs that this one starts decide for themselves.
        defer { if !isChosen { unsetenv(Self.coreVariable) } }
        var reason: String?
        for name in names {
            if let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) {
                product = unsafeBitCast(try Self.symbol("cblas_sgemm", in: library, name), to: openblas_sgemm.self)
                threadSetter = unsafeBitCast(
                    try Self.symbol("openblas_set_num_threads", in: library, name), to: openblas_thread_setter.self)
                coreName = unsafeBitCast(
                    try Self.symbol("openblas_get_corename", in: library, name), to: openblas_core_name.self)
                return
            }
            reason = reason ?? dlerror().map { String(cString: $0) }
        }
        throw Self.failure(reason ?? "no reason is given")
    }

    private static func symbol(
        _ symbol: String, in library: UnsafeMutableRawPointer, _ name: String
    ) throws(EngineError) -> UnsafeMutableRawPointer {
        guard let address = dlsym(library, symbol) else { throw failure("\(name) has no \(symbol)") }
        return address
    }

    private static func failure(_ reason: String) -> EngineError {
        .noOpenBLAS(reason: reason, available: Backend.supported.filter { $0 != .openblas }.map(\.rawValue))
    }

    // MARK: Kernels

    private static let coreVariable = "OPENBLAS_CORETYPE"

    /// OpenBLAS's name of the CPU whose kernels use what this one has; nil for its own choice.
    static var core: String? {
        switch InstructionSet.supported.first {
        case .avx512: openblas_sees_bfloat16() ? "Cooperlake" : "SkylakeX"
        case .avx2: "Haswell"
        case .baseline, nil: nil
        }
    }

    /// The CPU whose kernels OpenBLAS has taken, in its own words.
    var chosenCore: String? { coreName().map { String(cString: $0) } }

    /// Computes a product of row-major matrices on the calling thread and OpenBLAS's own. Products of other engines
    /// wait meanwhile.
    ///
    /// - Parameters:
    ///   - depth: columns of `a` and rows of `b`, as they are multiplied.
    ///   - c: `rows` x `columns`, rows `stride` floats apart.
    ///   - adds: whether the product is added to what `c` has.
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
        /// Floats from one row in memory to the next.
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

extension Engine {
    /// The CPU whose kernels OpenBLAS has taken, in its own words; nil where our own kernels compute.
    ///
    /// `Haswell` on a CPU with AVX-512 is half its speed: the user has set `OPENBLAS_CORETYPE`.
    package var openBLASCore: String? { openBLAS?.chosenCore }
}
