extension EvaluationDetail {
    /// The confusion matrix as comma-separated values (RFC 4180): a row of class names, then a row for each label with
    /// the numbers of its samples predicted as each class.
    package var confusionCSV: String {
        var rows: [Int: [Int]] = [:]
        for entry in confusion where entry.count == 3 && classes.indices.contains(entry[1]) {
            rows[entry[0], default: [Int](repeating: 0, count: classes.count)][entry[1]] = entry[2]
        }
        let none = [Int](repeating: 0, count: classes.count)
        var text = (["label"] + classes).map(\.csvField).joined(separator: ",") + "\r\n"
        for (label, name) in classes.enumerated() {
            text += ([name.csvField] + (rows[label] ?? none).map(\.description)).joined(separator: ",") + "\r\n"
        }
        return text
    }
}

extension String {
    /// The text as a field of comma-separated values, in quotes where it needs them.
    package var csvField: String {
        let special: Set<Unicode.Scalar> = [",", "\"", "\r", "\n"]
        guard unicodeScalars.contains(where: special.contains) else { return self }
        return "\"" + replacing("\"", with: "\"\"") + "\""
    }
}
