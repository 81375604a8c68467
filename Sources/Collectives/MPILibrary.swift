import CMPI

/// The MPI library that this program runs with.
package enum MPILibrary {
    /// The name and version that the library reports: `Open MPI v4.1.4, package: Debian OpenMPI, …`.
    package static var version: String {
        var text = [CChar](repeating: 0, count: Int(MPI_MAX_LIBRARY_VERSION_STRING))
        var length: Int32 = 0
        guard MPI_Get_library_version(&text, &length) == MPI_SUCCESS else { return "an MPI library of no version" }
        return String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
