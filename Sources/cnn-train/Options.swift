import ArgumentParser
import Recipes

/// `cnn-train options`: docs/options.md, generated from `RecipeKey` and so always up to date.
struct OptionsCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "options", abstract: "Prints every option of a run as Markdown.", shouldDisplay: false)

    func run() {
        print(String(Self.page.dropLast()))
    }

    /// The whole page, to the end of its last line.
    static var page: String {
        let sections = RecipeKey.Section.allCases.map { section in
            let rows = RecipeKey.all.filter { $0.section == section }.map(row).joined()
            return "\n## \(section.rawValue)\n\n" + head + rows
        }
        return introduction + sections.joined()
    }

    private static let introduction = """
        # Options of a run

        After this page you can set everything that a run lets you set. Every option is a flag of `cnn-train train` and a key
        of a recipe, which is a YAML file: `--batch-size 64` says what `batch_size: 64` says there. Flags win over the file.

        - `--config file.yaml`: \(TrainCommand.configSummary)
        - `--set key=value`: \(RecipeArguments.setSummary)
        - `--workers n`: \(TrainCommand.workersSummary)
        - `--more-epochs n`: \(TrainCommand.moreEpochsSummary)
        - `include: file.yaml`, in a file alone: \(RecipeKey.includeSummary)

        A flag that may be repeated is a list in YAML (`freeze: [conv1, bn1]`), or a mapping where it gives names and values
        (`model_options: {growth_rate: 12}`).
        `null` says of every key that it has no value, and lets no included file give it one.
        A run's folder holds `config.yaml`, the recipe with every default filled in.

        The last column says whether a resumed run may have another value than the run began with: *free*; only if
        *asked* for, with `--override` and the key's name; or *never*, because the saved state fits no other value.

        <!-- Made of Sources/Recipes/Keys by: cnn-train options >docs/options.md -->

        """

    private static let head = """
        | key and flag | value | default | meaning | on resume |
        |---|---|---|---|---|

        """

    private static func row(_ key: RecipeKey) -> String {
        let flag = "--" + key.flag + (key.valueName.map { " " + $0 } ?? "")
        let cells = [
            "`\(key.name)`<br>`\(flag)`", key.expected, key.shownDefault, key.summary, word(for: key.whenResumed),
        ]
        return "| " + cells.map(escaped).joined(separator: " | ") + " |\n"
    }

    /// Escapes bars, which would end the cell.
    private static func escaped(_ cell: String) -> String {
        cell.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }

    static func word(for rule: WhenResumed) -> String {
        switch rule {
        case .changesFreely: "free"
        case .changesOnRequest: "asked"
        case .stays: "never"
        }
    }
}
