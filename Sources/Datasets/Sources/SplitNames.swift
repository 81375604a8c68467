/// The names of a split's folders and tar files.
enum SplitName {
    static let train = ["train", "training"]
    /// The first that is there is tested on.
    static let test = ["val", "valid", "validation", "test", "testing"]

    /// Returns the first of `names` that is called as one of `known`, in large letters or small ones.
    static func first(of known: [String], among names: [[UInt8]]) -> [UInt8]? {
        let lower = names.map { String(decoding: $0, as: UTF8.self).lowercased() }
        for name in known {
            // Small letters before large ones, where both are there.
            if let exact = names.first(where: { $0.elementsEqual(name.utf8) }) { return exact }
            if let place = lower.firstIndex(of: name) { return names[place] }
        }
        return nil
    }

    /// Returns the files whose names begin with the first of `known` that begins any of their names.
    static func beginning(with known: [String], _ files: [[UInt8]]) -> [[UInt8]] {
        for name in known {
            let found = files.filter { file in
                let text = String(decoding: file, as: UTF8.self).lowercased()
                // `validation.tar` does not begin with `val`, nor `tested.tar` with `test`.
                return text.hasPrefix(name) && text.dropFirst(name.count).first?.isLetter != true
            }
            if !found.isEmpty { return found }
        }
        return []
    }
}
