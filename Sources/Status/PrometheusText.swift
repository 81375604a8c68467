import Terminal

/// Metrics in the text format 0.0.4 of Prometheus (prometheus.io/docs/instrumenting/exposition_formats).
struct PrometheusText {
    enum Kind: String {
        /// A number that only grows, except when the process restarts; its name ends in `_total`.
        case counter
        case gauge
    }

    /// A number of a metric, distinguished from others of the same metric by labels.
    struct Sample {
        var value: Double
        var labels: [(name: String, value: String)] = []
    }

    /// The text so far; every line is terminated, as the format requires.
    private(set) var text = ""

    /// Adds a metric; adds nothing where there are no samples.
    ///
    /// - Parameters:
    ///   - name: with its unit, in basic units.
    ///   - help: one sentence.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(Self.escaped(help, isLabel: false))\n"
        text += "# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, isLabel: true))\"" }
            text += name + (labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}")
            text += " \(Self.number(sample.value))\n"
        }
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        add(name, kind, help, value.map { [Sample(value: $0)] } ?? [])
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int?) {
        add(name, kind, help, value.map(Double.init))
    }

    private static func escaped(_ text: String, isLabel: Bool) -> String {
        text.replacingScalars { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\"" where isLabel: "\\\""
            default: nil
            }
        }
    }

    /// Returns a number in a form that Go's `ParseFloat` reads.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        guard value.isFinite else { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map(String.init) ?? value.description
    }
}
