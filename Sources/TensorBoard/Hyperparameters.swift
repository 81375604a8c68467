import Recipes

/// The recipe as TensorBoard's plugin for hyperparameters takes it (tensorboard/plugins/hparams/plugin_data.proto).
enum Hyperparameters {
    /// Returns the start of the session, with the recipe's values.
    static func start(_ recipe: Recipe, group: String, time: Double) -> SummaryValue {
        value("_hparams_/session_start_info") { data in
            data.add(3) { start in
                for (name, text) in values(of: recipe) {
                    start.add(1) { entry in
                        entry.add(1, name)
                        entry.add(2) { write(text, to: &$0) }
                    }
                }
                start.add(4, group)
                start.add(5, time)
            }
        }
    }

    /// Returns the end of the session.
    static func end(isSuccess: Bool, time: Double) -> SummaryValue {
        // STATUS_SUCCESS and STATUS_FAILURE of the plugin's api.proto.
        value("_hparams_/session_end_info") { data in
            data.add(4) { end in
                end.add(1, isSuccess ? 1 : 2)
                end.add(2, time)
            }
        }
    }

    private static func value(_ tag: String, _ fill: (inout ProtobufWriter) -> Void) -> SummaryValue {
        var data = ProtobufWriter()
        fill(&data)
        return SummaryValue(tag, .hyperparameters(data.bytes))
    }

    /// Returns the values that determine what is learned, by key, in a recipe's form.
    static func values(of recipe: Recipe) -> [(name: String, text: String)] {
        let sections: Set<RecipeKey.Section> = [.network, .data, .optimization, .optimizer, .loss]
        return RecipeKey.all.filter { sections.contains($0.section) }.compactMap { key in
            key.print(recipe.overrides).map { (key.name, $0) }
        }
    }

    /// Writes a message `google.protobuf.Value`.
    private static func write(_ text: String, to message: inout ProtobufWriter) {
        if let number = Double(text), number.isFinite {
            message.add(2, number)
        } else if text == "true" || text == "false" {
            message.add(4, text == "true" ? 1 : 0)
        } else {
            message.add(3, text)
        }
    }
}
