/// All files and folders of a disk: what programs see, what is safe, and what lies between.
package struct DiskImage: Sendable {
    private var nodes: [Node] = [Node(isFolder: true)]

    fileprivate struct Node: Sendable {
        let isFolder: Bool
        /// The content as programs see it: a file's bytes, or a folder's names.
        var content: [UInt8] = []
        var names: [String: Int] = [:]
        /// The part of the content that is safe.
        var safeContent: [UInt8] = []
        var safeNames: [String: Int] = [:]
        /// The changes since, in order; each may or may not have reached the disk.
        var pending: [Change] = []
    }

    fileprivate enum Change: Sendable {
        /// Bytes of a file from this offset on.
        case write(Int, [UInt8])
        /// Names of a folder that come to mean something else at once, or nothing.
        case assign([String: Int?])
    }

    /// A disk with an empty folder `/`.
    package init() {}

    static func split(_ path: String) -> (folder: String, name: String) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return (String(path[..<slash]), String(path[slash...].dropFirst()))
    }

    func find(_ path: String) -> Int? {
        path.split(separator: "/").reduce(0) { node, name in node.flatMap { nodes[$0].names[String(name)] } }
    }

    func isFolder(_ node: Int) -> Bool { nodes[node].isFolder }
    func content(of node: Int) -> [UInt8]? { nodes[node].isFolder ? nil : nodes[node].content }
    func names(in node: Int) -> [String]? { nodes[node].isFolder ? Array(nodes[node].names.keys) : nil }

    mutating func make(isFolder: Bool) -> Int {
        nodes.append(Node(isFolder: isFolder))
        return nodes.count - 1
    }

    mutating func append(_ bytes: [UInt8], to node: Int) {
        nodes[node].pending.append(.write(nodes[node].content.count, bytes))
        nodes[node].content += bytes
    }

    mutating func assign(_ names: [String: Int?], in folder: Int) {
        nodes[folder].pending.append(.assign(names))
        for (name, node) in names { nodes[folder].names[name] = node }
    }

    mutating func synchronize(_ node: Int) {
        for change in nodes[node].pending { nodes[node].apply(change, isTorn: false) }
        nodes[node].pending = []
    }

    /// Only of files: a file system that could not write a folder refuses everything from then on.
    mutating func lose(_ node: Int) {
        if !nodes[node].isFolder { nodes[node].pending = [] }
    }

    mutating func replace(_ node: Int, with bytes: [UInt8]) {
        nodes[node].content = bytes
        nodes[node].safeContent = bytes
        nodes[node].pending = []
    }
}

extension DiskImage.Node {
    /// Makes a change safe; of a torn write only the first half arrives.
    fileprivate mutating func apply(_ change: DiskImage.Change, isTorn: Bool) {
        switch change {
        case .assign(let names):
            for (name, node) in names { safeNames[name] = node }
        case .write(let offset, let bytes):
            let arriving = isTorn ? Array(bytes.prefix(bytes.count / 2)) : bytes
            let missing = offset + arriving.count - safeContent.count
            if missing > 0 { safeContent += [UInt8](repeating: 0, count: missing) }
            safeContent.replaceSubrange(offset..<offset + arriving.count, with: arriving)
        }
    }
}

// MARK: - Loss of power

extension DiskImage {
    /// The disks that a loss of power may leave: every combination of changes that were not flushed, each of which has
    /// arrived or not, writes also by half. Where these are more than `most`: all that happened up to some moment, for
    /// every moment, and combinations drawn from `seed`.
    package func afterPowerLoss(most: Int, seed: UInt64) -> [DiskImage] {
        var places: [(node: Int, change: Change)] = []
        for (index, node) in nodes.enumerated() { places += node.pending.map { (index, $0) } }
        let choices = places.map { place in
            if case .write = place.change { 3 } else { 2 }
        }
        var all = 1
        for count in choices where all <= most { all *= count }
        if all <= most {
            return (0..<all).map { number in
                var rest = number
                return settled(
                    places,
                    choices.map { count in
                        defer { rest /= count }
                        return rest % count
                    })
            }
        }
        var state = seed
        let prefixes = (0...places.count).map { end in places.indices.map { $0 < end ? 1 : 0 } }
        let drawn = (prefixes.count..<most).map { _ in
            choices.map { count in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % count
            }
        }
        return (prefixes + drawn).map { settled(places, $0) }
    }

    /// The disk when of these changes those arrived whose choice is 1, and half of those where it is 2.
    private func settled(_ places: [(node: Int, change: Change)], _ choices: [Int]) -> DiskImage {
        var image = self
        for (place, choice) in zip(places, choices) where choice > 0 {
            image.nodes[place.node].apply(place.change, isTorn: choice == 2)
        }
        for index in image.nodes.indices {
            image.nodes[index].content = image.nodes[index].safeContent
            image.nodes[index].names = image.nodes[index].safeNames
            image.nodes[index].pending = []
        }
        return image
    }
}
