import CZip
import Files

/// The zip archive that `torch.save` writes since PyTorch 1.6: a pickle and a file for each storage, uncompressed and
/// in one folder. (PyTorch, caffe2/serialize/inline_container.h.)
struct TorchArchive: ~Copyable {
    private let path: String
    private let archive: OpaquePointer
    /// The indices of the archive's files, by their paths within the folder.
    private let numbers: [String: zip_uint64_t]

    /// The most bytes of a pickle, which names tensors but has none of their numbers.
    private static let longestPickle = 1 << 26

    /// - Throws: `damaged`, or `notATorchFile` for an archive of other contents.
    init(path: String) throws(CheckpointError) {
        var code: Int32 = 0
        guard let archive = path.withPath({ zip_open($0, ZIP_RDONLY, &code) }) else {
            var error = zip_error_t()
            zip_error_init_with_code(&error, code)
            defer { zip_error_fini(&error) }
            throw .damaged(
                path: path, reason: "its zip archive cannot be opened: \(String(cString: zip_error_strerror(&error)))")
        }
        do throws(CheckpointError) {
            numbers = try Self.numbers(archive, path)
        } catch {
            zip_discard(archive)
            throw error
        }
        self.path = path
        self.archive = archive
    }

    deinit { zip_discard(archive) }

    /// Refuses paths that lead out of the archive, and finds the folder of the pickle.
    private static func numbers(
        _ archive: OpaquePointer, _ path: String
    ) throws(CheckpointError) -> [String: zip_uint64_t] {
        var names: [(name: String, number: zip_uint64_t)] = []
        for number in 0..<zip_uint64_t(max(zip_get_num_entries(archive, 0), 0)) {
            guard let bytes = zip_get_name(archive, number, zip_flags_t(ZIP_FL_ENC_RAW)) else {
                throw .damaged(path: path, reason: "a file of its zip archive has no name")
            }
            let name = String(cString: bytes)
            guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
                throw .notATorchFile(path: path, reason: "its file '\(name)' would lie outside of the archive")
            }
            names.append((name, number))
        }
        let pickles = names.filter { splitPath($0.name).name == "data.pkl" }
        guard pickles.count == 1, let pickle = pickles.first else {
            throw .notATorchFile(path: path, reason: "its zip archive has \(pickles.count) files data.pkl")
        }
        let folder = pickle.name.dropLast("data.pkl".count)
        return Dictionary(
            names.compactMap { $0.name.hasPrefix(folder) ? (String($0.name.dropFirst(folder.count)), $0.number) : nil }
        ) { first, _ in first }
    }

    /// Whether the archive has a file of this name.
    func has(_ name: String) -> Bool { numbers[name] != nil }

    /// Returns the bytes of the pickle.
    func pickle() throws(CheckpointError) -> [UInt8] { try content(of: "data.pkl", atMost: Self.longestPickle) }

    /// Returns the content of a small file.
    func text(_ name: String) throws(CheckpointError) -> String {
        String(decoding: try content(of: name, atMost: 1 << 10), as: UTF8.self)
    }

    /// Returns the bytes of a storage, and checks their checksum.
    ///
    /// - Parameter count: the bytes that it must have.
    func storage(_ key: String, count: Int) throws(CheckpointError) -> [UInt8] {
        let bytes = try content(of: "data/\(key)", atMost: count)
        guard bytes.count == count else {
            throw .damaged(path: path, reason: "its file data/\(key) has \(bytes.count) bytes in place of \(count)")
        }
        return bytes
    }

    private func content(of name: String, atMost limit: Int) throws(CheckpointError) -> [UInt8] {
        guard let number = numbers[name] else {
            throw .damaged(path: path, reason: "the file \(name) is missing in its zip archive")
        }
        var status = zip_stat_t()
        guard zip_stat_index(archive, number, 0, &status) == 0, let size = Int(exactly: status.size) else {
            throw damaged(name)
        }
        // An uncompressed file cannot be larger than the archive.
        guard status.comp_method == ZIP_CM_STORE, status.encryption_method == ZIP_EM_NONE else {
            throw .notATorchFile(path: path, reason: "its file \(name) is compressed or encrypted")
        }
        guard size <= limit else {
            throw .damaged(path: path, reason: "its file \(name) has \(size) bytes; expected \(limit) at most")
        }
        guard let file = zip_fopen_index(archive, number, 0) else { throw damaged(name) }
        defer { zip_fclose(file) }
        var bytes = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < size {
            let count = bytes.withUnsafeMutableBytes { target in
                zip_fread(file, target.baseAddress?.advanced(by: filled), zip_uint64_t(size - filled))
            }
            guard count > 0 else { throw damaged(name) }
            filled += Int(count)
        }
        // libzip checks the checksum at the end, which only another read reaches.
        var more: UInt8 = 0
        guard zip_fread(file, &more, 1) == 0 else { throw damaged(name) }
        return bytes
    }

    private func damaged(_ name: String) -> CheckpointError {
        .damaged(
            path: path,
            reason: "the file \(name) of its zip archive cannot be read: \(String(cString: zip_strerror(archive)))")
    }
}
