package import TestRandom

/// A file as broken disks, networks and programs leave it: one to four changes of `file`.
///
/// - Parameter others: from which parts are taken.
package func mutated(_ file: [UInt8], others: [[UInt8]], using random: inout SeededRandom) -> [UInt8] {
    var bytes = file
    for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > 4 {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        // Headers are short and decide most: half of the changes are among the first 256 bytes.
        let target = Bool.random(using: &random) ? place : place % 256
        switch Int.random(in: 0..<8, using: &random) {
        case 0: bytes[target] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[target] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes[target] = [0, 0xFF, 0x7F, 0x80, 1].randomElement(using: &random) ?? 0
        case 3: bytes.removeLast(bytes.count - place)
        case 4: bytes.removeSubrange(target..<min(target + Int.random(in: 1...64, using: &random), bytes.count))
        case 5:
            let end = min(target + Int.random(in: 1...64, using: &random), bytes.count)
            bytes.insert(contentsOf: bytes[target..<end], at: place)
        case 6:
            let other = others.randomElement(using: &random) ?? file
            guard !other.isEmpty else { continue }
            let first = Int.random(in: 0..<other.count, using: &random)
            let part = other[first..<min(first + Int.random(in: 1...512, using: &random), other.count)]
            bytes.replaceSubrange(target..<min(target + part.count, bytes.count), with: part)
        default:
            for index in target..<min(target + Int.random(in: 1...16, using: &random), bytes.count) {
                bytes[index] = UInt8.random(in: 0...255, using: &random)
            }
        }
    }
    return bytes
}
