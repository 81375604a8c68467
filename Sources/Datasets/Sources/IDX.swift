/// An array of bytes as the MNIST family stores it. (LeCun, Cortes and Burges, "The MNIST database": the IDX file
/// format.)
///
/// Big-endian: two zero bytes, the element type (8: unsigned byte), the number of dimensions, each dimension as 32
/// bits, the data.
struct IDX: Sendable {
    /// The extents, slowest first.
    let dimensions: [Int]
    /// The elements, last dimension contiguous.
    let bytes: [UInt8]

    /// The most data a file may announce: 47 million bytes are Fashion-MNIST's.
    private static let limit = 1 << 32

    /// Reads a file of `rank` dimensions, compressed with gzip or not.
    ///
    /// - Throws: `DatasetError` naming the file, what was found and what was expected.
    init(contentsOf path: String, rank: Int) throws(DatasetError) {
        let file = try CompressedFile(path: path)
        let headerSize = 4 + 4 * rank
        let header = try file.read(headerSize)
        func word(_ index: Int) -> UInt32 { header[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | UInt32($1) } }

        // The magic first: a wrong file is better recognised by it than by its length.
        let magic = 0x0000_0800 | UInt32(rank)
        if header.count >= 4, word(0) != magic { throw .wrongMagic(file: path, found: word(0), expected: magic) }
        guard header.count == headerSize else {
            throw .truncatedHeader(file: path, found: header.count, expected: headerSize)
        }
        let dimensions = (1...rank).map { Int(word($0)) }
        var size = 1
        for dimension in dimensions {
            let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
            guard !overflow, product <= Self.limit else {
                throw .excessive(file: path, dimensions: dimensions, limit: Self.limit)
            }
            size = product
        }
        let bytes = try file.read(size)
        guard bytes.count == size else { throw .truncated(file: path, found: bytes.count, expected: size) }
        guard try file.read(1).isEmpty else { throw .trailing(file: path, expected: size) }
        self.dimensions = dimensions
        self.bytes = bytes
    }
}
