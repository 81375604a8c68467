extension Recipe {
    /// The changes to training images besides scaling them: transforms as a user writes them, `crop=4:reflect,flip`.
    ///
    /// They are done in the order of the properties, in whatever order they are written.
    package struct Augmentation: Hashable, Sendable {
        package enum Crop: Hashable, Sendable {
            /// A move by up to so many pixels, with black around or with the image reflected.
            case moved(pixels: Int, isReflected: Bool)
            /// A part of the area, between these shares, brought to full size.
            case resized(least: Double, most: Double)
        }

        package enum Flip: Hashable, Sendable {
            /// A flip with this probability.
            case random(Double)
            /// A flip in every other epoch.
            case alternating
        }

        package enum Policy: Hashable, Sendable {
            case randAugment(operations: Int, magnitude: Int)
            case trivialAugment
        }

        /// The largest changes of colours: of brightness, contrast and saturation from a factor of 1, and of the hue as
        /// a part of its circle.
        package struct ColorJitter: Hashable, Sendable {
            package var brightness: Double
            package var contrast: Double
            package var saturation: Double
            package var hue: Double
        }

        package var crop: Crop?
        package var flip: Flip?
        package var colorJitter: ColorJitter?
        package var policy: Policy?
        /// The probability with which a part is erased.
        package var erase: Double?

        package static let none = Augmentation()
        /// The augmentation for small images.
        package static let cropFlip = Augmentation(crop: .moved(pixels: 4, isReflected: false), flip: .random(0.5))
        /// The augmentation for photographs.
        package static let resizedCropFlip = Augmentation(crop: .resized(least: 0.08, most: 1), flip: .random(0.5))

        /// The lists with a name of their own, which may be part of others.
        private static let named = [("crop-flip", cropFlip), ("resized-crop-flip", resizedCropFlip)]

        /// The words between commas.
        static let names = [
            "none", "crop-flip", "resized-crop-flip", "crop", "resized-crop", "flip", "alternating-flip",
            "color-jitter", "randaugment", "trivialaugment", "erase",
        ]

        package init(
            crop: Crop? = nil, flip: Flip? = nil, colorJitter: ColorJitter? = nil, policy: Policy? = nil,
            erase: Double? = nil
        ) {
            self.crop = crop
            self.flip = flip
            self.colorJitter = colorJitter
            self.policy = policy
            self.erase = erase
        }
    }
}

// MARK: - Reading

extension Recipe.Augmentation: LosslessStringConvertible {
    /// Reads the text that `description` writes. nil for a transform that is not known, an option out of range, and two
    /// transforms where only one makes sense, such as two crops.
    package init?(_ text: String) {
        self.init()
        if text == "none" { return }
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard add(String(item.drop { $0 == " " })) else { return nil }
        }
    }

    private mutating func add(_ item: String) -> Bool {
        if let (_, list) = Self.named.first(where: { $0.0 == item }) {
            return set(&crop, list.crop) && set(&flip, list.flip)
        }
        let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var options = Options(parts.count > 1 ? parts[1] : nil)
        let isAdded =
            switch parts[0] {
            case "crop": set(&crop, moved(&options))
            case "resized-crop": set(&crop, resized(&options))
            case "flip": set(&flip, options.number(in: 0...1, else: 0.5).map { .random($0) })
            case "alternating-flip": set(&flip, .alternating)
            case "color-jitter": set(&colorJitter, jitter(&options))
            case "randaugment": set(&policy, randAugment(&options))
            case "trivialaugment": set(&policy, .trivialAugment)
            case "erase": set(&erase, options.number(in: 0...1, else: 0.25))
            default: false
            }
        return isAdded && options.isEmpty
    }

    /// False where there is nothing to set, or something is set already.
    private func set<Value>(_ place: inout Value?, _ value: Value?) -> Bool {
        guard place == nil, let value else { return false }
        place = value
        return true
    }

    private func moved(_ options: inout Options) -> Crop? {
        guard let pixels = options.integer(in: 1...1024, else: 4),
            let margin = options.word(among: ["zero", "reflect"], else: "zero")
        else { return nil }
        return .moved(pixels: pixels, isReflected: margin == "reflect")
    }

    private func resized(_ options: inout Options) -> Crop? {
        guard let least = options.number(in: 0.0001...1, else: 0.08), let most = options.number(in: least...1, else: 1)
        else { return nil }
        return .resized(least: least, most: most)
    }

    private func jitter(_ options: inout Options) -> ColorJitter? {
        guard !options.isEmpty, let brightness = options.number(in: 0...10, else: 0),
            let contrast = options.number(in: 0...10, else: 0), let saturation = options.number(in: 0...10, else: 0),
            let hue = options.number(in: 0...0.5, else: 0)
        else { return nil }
        return ColorJitter(brightness: brightness, contrast: contrast, saturation: saturation, hue: hue)
    }

    private func randAugment(_ options: inout Options) -> Policy? {
        guard let operations = options.integer(in: 1...14, else: 2),
            let magnitude = options.integer(in: 0...30, else: 9)
        else { return nil }
        return .randAugment(operations: operations, magnitude: magnitude)
    }

    /// The options of a transform, after its `=` and between colons.
    private struct Options {
        private var rest: ArraySlice<Substring>

        init(_ text: String?) { rest = text?.split(separator: ":", omittingEmptySubsequences: false)[...] ?? [] }

        var isEmpty: Bool { rest.isEmpty }

        /// Returns the next number; `value` where there is none; nil for anything else.
        mutating func number(in range: ClosedRange<Double>, else value: Double) -> Double? {
            guard let text = rest.popFirst() else { return value }
            return Double(text).flatMap { range.contains($0) ? $0 : nil }
        }

        mutating func integer(in range: ClosedRange<Int>, else value: Int) -> Int? {
            guard let text = rest.popFirst() else { return value }
            return Int(text).flatMap { range.contains($0) ? $0 : nil }
        }

        mutating func word(among words: [String], else value: String) -> String? {
            guard let text = rest.popFirst() else { return value }
            return words.first { $0 == text }
        }
    }
}

// MARK: - Writing

extension Recipe.Augmentation: CustomStringConvertible {
    /// The transforms in full, except for named lists: `crop=4:reflect,alternating-flip`.
    package var description: String {
        if self == .none { return "none" }
        var items: [String] = []
        if let (name, _) = Self.named.first(where: { $0.1.crop == crop && $0.1.flip == flip }) {
            items.append(name)
        } else {
            switch crop {
            case .moved(let pixels, let isReflected): items.append("crop=\(pixels):\(isReflected ? "reflect" : "zero")")
            case .resized(let least, let most): items.append("resized-crop=\(short(least)):\(short(most))")
            case nil: break
            }
            switch flip {
            case .random(let probability): items.append("flip=\(short(probability))")
            case .alternating: items.append("alternating-flip")
            case nil: break
            }
        }
        if let jitter = colorJitter {
            let numbers = [jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue].map(short)
            items.append("color-jitter=" + numbers.joined(separator: ":"))
        }
        switch policy {
        case .randAugment(let operations, let magnitude): items.append("randaugment=\(operations):\(magnitude)")
        case .trivialAugment: items.append("trivialaugment")
        case nil: break
        }
        if let erase { items.append("erase=\(short(erase))") }
        return items.joined(separator: ",")
    }

    /// Returns the shortest text that reads as the same number.
    private func short(_ number: Double) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension RecipeValueKind where Value == Recipe.Augmentation {
    /// A text, or a list of the texts between its commas.
    static var augmentation: Self {
        Self(
            expected: "none, or transforms separated by commas: "
                + Recipe.Augmentation.names.dropFirst().joined(separator: ", "),
            schema: .any([.single, .list(of: .single)]),
            read: { node in
                switch node {
                case .text(let text): Recipe.Augmentation(text.text)
                case .list(let nodes):
                    nodes.isEmpty || nodes.contains { $0.text == nil }
                        ? nil : Recipe.Augmentation(nodes.compactMap(\.text?.text).joined(separator: ","))
                case .map: nil
                }
            },
            print: \.description)
    }
}
