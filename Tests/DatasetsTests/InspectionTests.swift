import Foundation
import ImageFaults
import Testing

@testable import Datasets

@Suite struct InspectionTests {
    /// Pictures of two classes, one damaged, one of which is in both splits.
    private func made() throws -> MadeFolder {
        let folder = try MadeFolder()
        for index in 0..<70 {
            try folder.write(picture(index, width: 4 + index % 3), to: "train/\(["a", "b"][index % 2])/\(index).png")
        }
        try folder.write(Array(picture(1).dropLast(30)), to: "train/b/cut.png")
        try folder.write(picture(5, width: 6), to: "val/a/x.png")
        try folder.write(picture(500), to: "val/b/y.png")
        return folder
    }

    @Test("damaged pictures are listed with their paths, whatever the number of threads", arguments: [1, 3])
    func verification(threads: Int) throws {
        let folder = try made()
        let source = try Recognition(of: folder.path).source(DatasetOptions())
        let verification = try DatasetVerification(of: source, threads: threads)
        #expect(verification.samples == 73)
        #expect(verification.bad.map(\.path) == [folder.path + "/train/b/cut.png"])
        #expect(verification.bad.first?.reason.contains("cut short") == true)
    }

    @Test("statistics are those of the pixels, and the same for any number of threads", arguments: [1, 4])
    func statistics(threads: Int) throws {
        let folder = try made()
        let source = try Recognition(of: folder.path).source(DatasetOptions())
        let statistics = try DatasetStatistics(of: source, threads: threads)
        #expect(statistics.train == [35, 36] && statistics.test == [1, 1])
        #expect(statistics.widths.least == 4 && statistics.widths.median == 5 && statistics.widths.most == 8)
        #expect(statistics.heights.least == 6 && statistics.heights.most == 6)
        #expect(statistics.duplicates.map(\.test) == [folder.path + "/val/a/x.png"])
        #expect(statistics.duplicates.map(\.train) == [folder.path + "/train/b/5.png"])
        #expect(statistics.bad.count == 1)
        var bytes: [[Double]] = [[], [], []]
        for index in 0..<70 {
            for place in 0..<(4 + index % 3) * 6 * 3 {
                bytes[place % 3].append(Double(UInt8(truncatingIfNeeded: 5 * place + 31 * index)) / 255)
            }
        }
        for channel in 0..<3 {
            let mean = bytes[channel].reduce(0, +) / Double(bytes[channel].count)
            let variance = bytes[channel].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(bytes[channel].count)
            // Sums of some thousand numbers in double precision.
            #expect(abs(statistics.means[channel] - mean) < 1e-12)
            #expect(abs(statistics.deviations[channel] - variance.squareRoot()) < 1e-12)
        }
    }

    @Test("a sheet shows samples as they are, with their labels below, as a PNG")
    func preview() throws {
        let folder = try MadeFolder()
        for name in ["train/a/1.png", "val/a/1.png", "val/b/1.png", "train/b/1.png"] {
            try folder.write(picture(3, width: 8, height: 8), to: name)
        }
        let dataset = try openDataset(folder.path)
        let sheet = try PreviewSheet(of: dataset, count: 2, side: 8, augmentation: .none, seed: 1, epoch: 0)
        #expect(sheet.pixels.count == sheet.width * sheet.height * 3)
        let image = try Image(bytes: try #require(sheet.png), path: "sheet")
        #expect(image.pixels == sheet.pixels && image.width == sheet.width)
        let original = try Image(bytes: picture(3, width: 8, height: 8), path: "original")
        for row in 0..<8 {
            let start = ((4 + row) * sheet.width + 4) * 3
            #expect(Array(sheet.pixels[start..<start + 24]) == Array(original.pixels[row * 24..<(row + 1) * 24]))
        }
        let label = sheet.pixels[(14 * sheet.width * 3)..<(21 * sheet.width * 3)]
        #expect(label.contains(255))
    }
}
