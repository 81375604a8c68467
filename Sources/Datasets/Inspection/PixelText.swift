/// Letters of 5 x 7 pixels, for labels on pictures. Small letters are written as large ones.
enum PixelText {
    static let width = 6
    static let height = 8

    /// Writes a line of text, or as much of it as fits, in white over the picture.
    ///
    /// - Parameters:
    ///   - pixels: rows of `stride` pixels, 3 bytes each.
    ///   - most: the most columns to use.
    static func draw(
        _ text: String, into pixels: inout [UInt8], stride: Int, left: Int, top: Int, most: Int
    ) {
        for (place, letter) in text.uppercased().prefix(most / width).enumerated() {
            for (row, bits) in (glyphs[letter] ?? unknown).enumerated() {
                for column in 0..<5 where bits >> (4 - column) & 1 == 1 {
                    let pixel = ((top + row) * stride + left + place * width + column) * 3
                    pixels.replaceSubrange(pixel..<pixel + 3, with: [255, 255, 255])
                }
            }
        }
    }

    /// A frame, for letters that are not drawn.
    private static let unknown: [UInt8] = [31, 17, 17, 17, 17, 17, 31]

    /// The glyphs: rows from the top, of which the highest of five bits is on the left.
    private static let glyphs: [Character: [UInt8]] = [
        " ": [0, 0, 0, 0, 0, 0, 0], "A": [14, 17, 17, 31, 17, 17, 17], "B": [30, 17, 17, 30, 17, 17, 30],
        "C": [14, 17, 16, 16, 16, 17, 14], "D": [30, 17, 17, 17, 17, 17, 30], "E": [31, 16, 16, 30, 16, 16, 31],
        "F": [31, 16, 16, 30, 16, 16, 16], "G": [14, 17, 16, 23, 17, 17, 14], "H": [17, 17, 17, 31, 17, 17, 17],
        "I": [14, 4, 4, 4, 4, 4, 14], "J": [7, 2, 2, 2, 2, 18, 12], "K": [17, 18, 20, 24, 20, 18, 17],
        "L": [16, 16, 16, 16, 16, 16, 31], "M": [17, 27, 21, 21, 17, 17, 17], "N": [17, 25, 25, 21, 19, 19, 17],
        "O": [14, 17, 17, 17, 17, 17, 14], "P": [30, 17, 17, 30, 16, 16, 16], "Q": [14, 17, 17, 17, 21, 18, 13],
        "R": [30, 17, 17, 30, 20, 18, 17], "S": [15, 16, 16, 14, 1, 1, 30], "T": [31, 4, 4, 4, 4, 4, 4],
        "U": [17, 17, 17, 17, 17, 17, 14], "V": [17, 17, 17, 17, 10, 10, 4], "W": [17, 17, 17, 21, 21, 27, 17],
        "X": [17, 17, 10, 4, 10, 17, 17], "Y": [17, 17, 10, 4, 4, 4, 4], "Z": [31, 1, 2, 4, 8, 16, 31],
        "0": [14, 17, 19, 21, 25, 17, 14], "1": [4, 12, 4, 4, 4, 4, 14], "2": [14, 17, 1, 6, 8, 16, 31],
        "3": [30, 1, 1, 14, 1, 1, 30], "4": [2, 6, 10, 18, 31, 2, 2], "5": [31, 16, 30, 1, 1, 17, 14],
        "6": [6, 8, 16, 30, 17, 17, 14], "7": [31, 1, 2, 4, 8, 8, 8], "8": [14, 17, 17, 14, 17, 17, 14],
        "9": [14, 17, 17, 15, 1, 2, 12], ".": [0, 0, 0, 0, 0, 12, 12], ",": [0, 0, 0, 0, 12, 4, 8],
        ":": [0, 12, 12, 0, 12, 12, 0], "-": [0, 0, 0, 31, 0, 0, 0], "_": [0, 0, 0, 0, 0, 0, 31],
        "+": [0, 4, 4, 31, 4, 4, 0], "/": [1, 1, 2, 4, 8, 16, 16], "(": [2, 4, 8, 8, 8, 4, 2],
        ")": [8, 4, 2, 2, 2, 4, 8], "%": [25, 25, 2, 4, 8, 19, 19], "'": [4, 4, 8, 0, 0, 0, 0],
        "&": [12, 18, 20, 8, 21, 18, 13], "=": [0, 0, 31, 0, 31, 0, 0], "#": [10, 10, 31, 10, 31, 10, 10],
    ]
}
