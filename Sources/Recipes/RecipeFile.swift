import Files

extension RecipeOverrides {
    /// Reads a YAML file over the files that it includes.
    ///
    /// - Throws: when a file cannot be read, is not YAML, has a key that no recipe has, or a value of another kind.
    package init(contentsOf path: String) throws(RecipeError) {
        var reading = RecipeReading()
        self = reading.values(ofFile: path)
        if let error = reading.errors.first { throw error }
    }

    /// Reads several files; a later one wins.
    package init(contentsOf paths: [String]) throws(RecipeError) {
        self.init()
        for path in paths { lay(try RecipeOverrides(contentsOf: path)) }
    }

    /// Reads YAML text, called `path` in messages. It cannot include other files.
    package init(yaml: String, path: String) throws(RecipeError) {
        var reading = RecipeReading()
        self = reading.values(ofText: yaml, path: path)
        if let error = reading.errors.first { throw error }
    }

    /// Sets one value in the command line's form: `lr=0.1`, with the value in YAML.
    ///
    /// - Throws: where it names no key, or one that has a value already, or the value is of another kind.
    package mutating func set(_ setting: String) throws(RecipeError) {
        guard let equals = setting.firstIndex(of: "="), equals > setting.startIndex else {
            throw .invalid(place: "--set", found: setting, expected: "key=value, such as lr=0.1")
        }
        let (name, text) = (String(setting[..<equals]), String(setting[setting.index(after: equals)...]))
        guard let key = RecipeKey.named(name) else {
            throw .unknownKey(path: "--set", line: nil, found: name, nearest: RecipeKey.nearest(to: name))
        }
        guard key.print(self) == nil, origins[name] == nil else {
            let other = origins[name] == nil ? "--\(key.flag)" : "another --set"
            throw .contradiction("\(name) is given twice, by --set and by \(other): say it once")
        }
        let place = "--set \(name)"
        let entries: [RecipeDocument.Entry]
        do throws(RecipeError) {
            entries = try RecipeDocument(yaml: "\(name): \(text)", path: place).entries
        } catch .malformed(_, _, let reason) {
            throw .invalid(place: place, found: RecipeDocument.shortened(text), expected: "\(key.expected) (\(reason))")
        }
        guard entries.count == 1, let entry = entries.first, take(entry.value, for: key) else {
            let found = entries.count == 1 ? entries.first.map { "\($0.value)" } : nil
            throw .invalid(place: place, found: found ?? RecipeDocument.shortened(text), expected: key.expected)
        }
        origins[name] = .setting
    }

    /// Sets the value of a key; false where it is of another kind.
    fileprivate mutating func take(_ value: RecipeNode, for key: RecipeKey) -> Bool {
        if key.isSilent(value) {
            cleared.insert(key.name)
            return true
        }
        return key.read(value, &self)
    }
}

/// The reading of a file and of those that it includes, with all errors in them.
struct RecipeReading {
    private(set) var errors: [RecipeError] = []
    /// The files on the way to the one that is read, each including the next.
    private var chain: [String] = []
    private var files = 0

    private static let longestFile = 1 << 18
    private static let longestChain = 8
    private static let mostFiles = 64

    /// Returns the values of a file, as far as it can be read.
    mutating func values(ofFile path: String) -> RecipeOverrides {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try readFile(path, limit: Self.longestFile)
        } catch {
            let isLarge = if case .tooLarge = error { true } else { false }
            let reason = error.reason + (isLarge ? "; expected a few lines of `key: value`" : "")
            errors.append(.unreadable(path: path, reason: reason))
            return RecipeOverrides()
        }
        guard !bytes.starts(with: [0xFF, 0xFE]), !bytes.starts(with: [0xFE, 0xFF]) else {
            errors.append(.malformed(path: path, line: 1, reason: "the text is UTF-16; save it as UTF-8"))
            return RecipeOverrides()
        }
        chain.append(path)
        defer { chain.removeLast() }
        // Paths in it may have bytes that are not UTF-8.
        return values(ofText: String(pathBytes: bytes), path: path)
    }

    /// Returns the values of a text, as far as it can be read.
    mutating func values(ofText yaml: String, path: String) -> RecipeOverrides {
        let document: RecipeDocument
        do {
            document = try RecipeDocument(yaml: yaml, path: path)
        } catch {
            errors.append(error)
            return RecipeOverrides()
        }
        var (own, included) = (RecipeOverrides(), RecipeOverrides())
        for entry in document.entries {
            if entry.key == RecipeKey.include {
                included = values(includedBy: entry, path: path)
                continue
            }
            guard let key = RecipeKey.named(entry.key) else {
                let name = entry.key.isEmpty ? "\"\"" : RecipeDocument.shortened(entry.key)
                let nearest = RecipeKey.nearest(to: entry.key)
                errors.append(.unknownKey(path: path, line: entry.line, found: name, nearest: nearest))
                continue
            }
            own.origins[key.name] = .file(path: path, line: entry.line)
            guard own.take(entry.value, for: key) else {
                errors.append(
                    .invalid(place: own.place(of: key.name), found: "\(entry.value)", expected: key.expected))
                continue
            }
        }
        included.lay(own)
        return included
    }

    /// Returns the values of the files that a key names; a later one wins.
    private mutating func values(includedBy entry: RecipeDocument.Entry, path: String) -> RecipeOverrides {
        let place = RecipeError.place(path: path, line: entry.line) + ": " + RecipeKey.include
        var values = RecipeOverrides()
        guard !entry.value.isNull else { return values }
        guard let names = RecipeValueKind<[String]>.list.read(entry.value), names.allSatisfy({ !$0.isEmpty }) else {
            errors.append(
                .invalid(place: place, found: "\(entry.value)", expected: "a file of YAML, or a list of them"))
            return values
        }
        guard let including = chain.last else {
            errors.append(.include(place: place, reason: "only a file can include others"))
            return values
        }
        for name in names {
            do {
                let file = try Self.path(of: name, besides: including, place: place)
                try check(file, place: place)
                let before = errors.count
                values.lay(self.values(ofFile: file))
                if errors.count > before, case .unreadable(file, let reason) = errors[before] {
                    errors[before] = .include(place: place, reason: "\(file) cannot be read: \(reason)")
                }
            } catch {
                errors.append(error)
            }
        }
        return values
    }

    /// Returns the path of an included file: relative to the folder of the including file, unless it begins with `/` or
    /// `~`.
    private static func path(of name: String, besides file: String, place: String) throws(RecipeError) -> String {
        let path: String
        do {
            path = try userPath(name)
        } catch {
            throw .include(place: place, reason: "\(error)")
        }
        let folder = splitPath(file).folder
        return path.hasPrefix("/") || folder == "." ? path : (folder == "/" ? "/" : folder + "/") + path
    }

    /// Counts a file before it is read.
    private mutating func check(_ file: String, place: String) throws(RecipeError) {
        if let start = chain.firstIndex(where: { $0 == file || isSameFile($0, file) }) {
            let circle = (chain[start...] + [file]).joined(separator: " -> ")
            throw .include(place: place, reason: "the files include each other without an end: \(circle)")
        }
        guard chain.count < Self.longestChain else {
            throw .include(place: place, reason: "more than \(Self.longestChain) files include each other in a row")
        }
        files += 1
        guard files <= Self.mostFiles else {
            throw .include(place: place, reason: "more than \(Self.mostFiles) files are included")
        }
    }
}

extension RecipeKey {
    /// The key under which a file names the files that it includes and overrides. It is not a key of a recipe.
    package static let include = "include"
    /// The meaning of `include`.
    package static let includeSummary = """
        A file, or a list of files, whose values count where this one says nothing; paths are from this file's folder.
        """

    static func named(_ name: String) -> RecipeKey? { all.first { $0.name == name } }
}

extension Recipe {
    /// Returns the recipe as YAML that resolves to the same recipe: everything that is not left to model, dataset or
    /// machine.
    package func yaml() -> String {
        let values = overrides
        return RecipeKey.all.compactMap { key in
            key.print(values).map { "\(key.name): \($0)\n" }
        }.joined()
    }

    /// Returns all errors in a file, without making a recipe of it: it may be meant for inclusion, and so name no
    /// model.
    package static func problems(inFile path: String) -> [RecipeError] {
        var reading = RecipeReading()
        var values = reading.values(ofFile: path)
        var errors = reading.errors
        errors += RecipeKey.all.compactMap { key in
            key.invalid(values).map { .invalid(place: values.place(of: key.name), found: $0, expected: key.expected) }
        }
        guard errors.isEmpty else { return errors }
        values.model = values.model ?? "any"
        do {
            _ = try resolve(file: values, flags: RecipeOverrides())
        } catch {
            errors.append(error)
        }
        return errors
    }
}
