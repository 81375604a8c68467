import Foundation

/// The help of all commands, as far as it matters here.
package struct Help: Decodable {
    package struct Command: Decodable {
        package let commandName: String
        package let arguments: [Argument]?
        package let subcommands: [Command]?

        /// This command and all within it.
        package var all: [Command] { [self] + (subcommands ?? []).flatMap(\.all) }
    }

    package struct Argument: Decodable {
        package struct Name: Decodable { package let name: String }

        package let names: [Name]?
        package let abstract: String?
    }

    package let command: Command

    package static func all() throws -> Help {
        let outcome = try Commands().run("--experimental-dump-help")
        return try JSONDecoder().decode(Help.self, from: Data(outcome.output.utf8))
    }
}
