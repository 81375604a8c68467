import Runs
import Terminal

extension RunPage {
    /// The section on network, data and machine; nil for a run without these facts.
    var facts: Markup? {
        guard let facts = history.facts else { return nil }
        let layers = PagePart.table(
            ValueTable(
                head: ["layer", "type", "output", "parameters", "multiply-adds"],
                rows: facts.layers.map { layer in
                    [
                        layer.name, layer.type, layer.output.map(String.init).joined(separator: " × "),
                        layer.parameters == 0 ? "" : Wording.grouped(layer.parameters),
                        layer.multiplyAdds == 0 ? "" : Wording.grouped(layer.multiplyAdds),
                    ]
                }, note: nil), name: "Layers", numbersFrom: 3)
        return """
            <div class="grid">
            \(Self.card(
                "Network", Self.facts(network(facts)) + PagePart.details("\(facts.layers.count) layers", layers)))
            \(Self.card("Machine", Self.facts(machine(facts.machine))))
            </div>
            """
    }

    private func network(_ facts: RunFacts) -> [(String, String)] {
        [
            ("model", facts.model), ("parameters", Wording.grouped(facts.parameters)),
            ("multiply-adds an image", Wording.grouped(facts.multiplyAdds)),
            ("images", "\(facts.imageSize) × \(facts.imageSize) × \(facts.channels)"),
            ("classes", Wording.grouped(facts.classes)),
            ("training samples", Wording.grouped(facts.trainingSamples)),
            ("test samples", Wording.grouped(facts.testSamples)),
        ]
    }

    private func machine(_ machine: RunFacts.Machine) -> [(String, String)] {
        [
            ("host of rank 0", machine.host), ("processor", machine.processor ?? NumberText.none),
            ("cores", Wording.grouped(machine.cores)),
            ("memory", machine.memory.map(Wording.bytes) ?? NumberText.none),
            ("ranks", Wording.grouped(machine.ranks)), ("threads a rank", Wording.grouped(machine.threads)),
            ("kernels", machine.backend),
        ]
    }

    /// Returns a list of names and values.
    static func facts(_ rows: [(String, String)]) -> Markup {
        let body = rows.map { "<tr><th scope=\"row\">\($0.0)</th><td>\($0.1)</td></tr>" as Markup }.joined()
        return "<table><tbody>\(body)</tbody></table>"
    }
}
