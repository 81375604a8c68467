import Files

extension Recipe {
    /// The factors of classes' losses.
    package enum ClassWeights: Hashable, Sendable {
        /// samples / (classes x samples of the class): all classes count alike.
        case balanced
        /// The weight of each class, in the order of labels.
        case list([Double])
        /// Factors by the classes' names; 1 for classes without a name here.
        case named([String: Double])
        /// A file with either form; a recipe that runs has its content instead.
        case file(path: String)
    }
}

extension Recipe.ClassWeights {
    /// Reads `balanced`, `1,2,0.5`, `cat=2,dog=0.5`, or the path of a file; nil for a text that cannot be a path.
    package init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0) }
        let pairs = parts.compactMap(Self.pair)
        if text == "balanced" {
            self = .balanced
        } else if numbers.count == parts.count {
            self = .list(numbers)
        } else if pairs.count == parts.count {
            self = .named(Dictionary(pairs, uniquingKeysWith: { _, last in last }))
        } else if let path = try? userPath(text), !path.isEmpty {
            self = .file(path: path)
        } else {
            return nil
        }
    }

    private static func pair(_ text: Substring) -> (String, Double)? {
        guard let sign = text.lastIndex(of: "="), let number = Double(text[text.index(after: sign)...]) else {
            return nil
        }
        return (String(text[..<sign]), number)
    }

    static func isWeight(_ number: Double) -> Bool { number > 0 && number <= 1e6 }

    /// Reads a file of weights: one a line in the order of labels, or each after its class, `cat: 2`. Lines that are
    /// empty or begin with # are ignored.
    init(contentsOf path: String) throws(RecipeError) {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try readFile(path, limit: 1 << 24)
        } catch {
            throw .invalid(
                place: "class_weights", found: "the file \(path), which cannot be read (\(error.reason))",
                expected: "none, balanced, a list of weights, or a file of them")
        }
        var list: [Double] = []
        var named: [String: Double] = [:]
        for (index, line) in String(pathBytes: bytes).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        ).enumerated() {
            let line = line.trimmingSpaces
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let colon = line.lastIndex(of: ":")
            let number = Double((colon.map { line[line.index(after: $0)...] } ?? line[...]).trimmingSpaces)
            guard let number, Self.isWeight(number), colon == nil ? named.isEmpty : list.isEmpty else {
                throw .invalid(
                    place: RecipeError.place(path: path, line: index + 1), found: String(line),
                    expected: "a weight above 0 such as 0.5 on each line, or a class and its weight such as cat: 0.5")
            }
            if let colon { named[String(line[..<colon].trimmingSpaces)] = number } else { list.append(number) }
        }
        guard !list.isEmpty || !named.isEmpty else {
            throw .invalid(place: path, found: "a file without weights", expected: "a weight such as 0.5 on each line")
        }
        self = list.isEmpty ? .named(named) : .list(list)
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let head = drop { $0 == " " || $0 == "\t" }
        return head[..<(head.lastIndex { $0 != " " && $0 != "\t" }.map { head.index(after: $0) } ?? head.startIndex)]
    }
}

extension Recipe {
    /// Returns the recipe with the content of its files in place of their paths, so that other ranks and a resumed run
    /// do not need the files.
    package func readingFiles() throws(RecipeError) -> Recipe {
        guard case .file(let path) = classWeights else { return self }
        let weights = try ClassWeights(contentsOf: path)
        return try changing { $0.classWeights = weights }
    }
}

extension RecipeValueKind where Value == Recipe.ClassWeights {
    /// `balanced`, `[1, 2, 0.5]`, `{cat: 2}`, a path, or text as flags have it.
    static var classWeights: Self {
        let map = RecipeValueKind<[String: Double]>.map(of: .number("a number above 0", where: { $0 > 0 }))
        return Self(
            expected: "none, balanced, weights above 0 such as 1,2,0.5 or cat=2,dog=0.5, or a file of them",
            schema: .any([
                .single, .list(of: JSONSchema(type: ["number"], exclusiveMinimum: 0)), map.schema,
            ]),
            read: { node in
                switch node {
                case .text(let text):
                    return text.isQuoted ? .file(path: text.text) : Recipe.ClassWeights(text.text)
                case .list(let nodes):
                    let numbers = nodes.compactMap { $0.text.flatMap { $0.isQuoted ? nil : Double($0.text) } }
                    return numbers.count == nodes.count ? .list(numbers) : nil
                case .map: return map.read(node).map { .named($0) }
                }
            },
            accepts: { weights in
                switch weights {
                case .balanced: true
                case .list(let list): !list.isEmpty && list.allSatisfy(Recipe.ClassWeights.isWeight)
                case .named(let named): !named.isEmpty && named.values.allSatisfy(Recipe.ClassWeights.isWeight)
                case .file(let path): !path.isEmpty
                }
            },
            print: { weights in
                switch weights {
                case .balanced: "balanced"
                case .list(let list): "[" + list.map { "\($0)" }.joined(separator: ", ") + "]"
                case .named(let named): map.print(named)
                // Quoted where it could be mistaken for another kind of value.
                case .file(let path):
                    Recipe.ClassWeights(path) == weights ? RecipeValueKind<String>.text.print(path) : "\"\(path)\""
                }
            }
        ).orNone
    }
}
