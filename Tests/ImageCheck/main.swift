// Decodes pictures as training and `predict` do.
//
//     image-check digest FILE…              width, height and the pixels' SHA-256, or why there are none, a line a file
//     image-check fuzz SECONDS SEED FILE…   decodes changed files, whole and in parts, and compares
//     image-check change FILE CHANGE…       the changed pictures, as Benchmarks/compare_images_with_torchvision.py asks
//     image-check speed FILE…               pictures decoded in a second of one core: whole, and what random crops need
//
// Benchmarks/compare_images_with_pillow.py compares digests with Pillow's.
import CCrypto
import Datasets
import Foundation
import ImageFaults
import TestRandom

func bytes(_ path: String) -> [UInt8] {
    guard let contents = FileManager.default.contents(atPath: path) else {
        print("image-check: \(path) cannot be read")
        exit(66)
    }
    return Array(contents)
}

func keep(_ bytes: [UInt8], as name: String) { _ = FileManager.default.createFile(atPath: name, contents: Data(bytes)) }

func sha256(_ image: Image) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_Digest(image.pixels, image.pixels.count, &digest, nil, EVP_sha256(), nil)
    return digest.map { String(format: "%02x", $0) }.joined()
}

func printDigests(_ files: [String]) {
    for file in files {
        do {
            let image = try Image(contentsOf: file)
            print(image.width, image.height, sha256(image), file, separator: "\t")
        } catch {
            print("-", "-", "\(error)", file, separator: "\t")
        }
    }
}

func fuzz(seconds: Double, seed: UInt64, _ files: [String]) -> Int32 {
    var random = SeededRandom(seed: seed)
    let pictures = files.map(bytes)
    // Larger ones only take longer.
    var check = PartCheck(mostPixels: 1 << 20)
    var counts: [String: Int] = [:]
    let end = Date(timeIntervalSinceNow: seconds)
    var slowest = (seconds: 0.0, round: 0)
    var round = 0
    while Date() < end {
        let (file, name) = (pictures[round % pictures.count], files[round % files.count])
        let changed = mutated(file, others: pictures, using: &random)
        // So that what ends the process can be looked at.
        keep(changed, as: "image-check.last")
        let start = Date()
        switch check.check(changed, parts: 2, using: &random) {
        case .decoded: counts["decoded", default: 0] += 1
        case .refused(let error): counts["\(error)".contains("damaged") ? "damaged" : "refused", default: 0] += 1
        case .unequal(let what):
            print("round \(round), \(name): \(what)")
            keep(changed, as: "image-check.unequal-\(round)")
            counts["unequal", default: 0] += 1
        }
        let taken = Date().timeIntervalSince(start)
        if taken > slowest.seconds { slowest = (taken, round) }
        round += 1
    }
    print("\(round) rounds: \(counts.sorted { $0.key < $1.key }); slowest \(slowest)")
    return counts["unequal"] == nil ? 0 : 1
}

func measure(_ files: [String]) {
    let pictures = files.map(bytes)
    var decoder = ImageDecoder()
    var image = ImageBuffer()
    var random = SeededRandom(seed: 1)
    for mode in ["whole", "random crop"] {
        var best = Double.infinity
        for _ in 0..<5 {
            let start = clock()
            for (bytes, path) in zip(pictures, files) {
                _ = try? decoder.decode(bytes.span, path: path, into: &image) { header in
                    guard mode != "whole" else { return header.whole }
                    // As RandomResizedCrop's: 8 to 100 % of the area, sides from 3:4 to 4:3.
                    let area = Double(header.height * header.width) * Double.random(in: 0.08...1, using: &random)
                    let ratio = exp(Double.random(in: log(0.75)...log(4.0 / 3), using: &random))
                    let width = min(max(Int((area * ratio).squareRoot()), 1), header.width)
                    let height = min(max(Int((area / ratio).squareRoot()), 1), header.height)
                    let top = Int.random(in: 0...header.height - height, using: &random)
                    let left = Int.random(in: 0...header.width - width, using: &random)
                    return ImagePart(rows: top..<top + height, columns: left..<left + width)
                }
            }
            best = min(best, Double(clock() - start) / Double(CLOCKS_PER_SEC))
        }
        print("\(mode): \((Double(files.count) / best).rounded()) pictures a second of one core")
    }
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.count) {
case ("digest", 2...):
    printDigests(Array(arguments.dropFirst()))
case ("speed", 2...):
    measure(Array(arguments.dropFirst()))
case ("change", 3...):
    exit(try printChanged(arguments[1], Array(arguments.dropFirst(2))))
case ("fuzz", 4...):
    guard let seconds = Double(arguments[1]), let seed = UInt64(arguments[2]) else { exit(64) }
    exit(fuzz(seconds: seconds, seed: seed, Array(arguments.dropFirst(3))))
default:
    print("usage: image-check digest FILE… | change FILE CHANGE… | fuzz SECONDS SEED FILE… | speed FILE…")
    exit(64)
}
