import Checkpoints
package import Collectives
import Datasets
import Engine
import Files
import Foundation
import Terminal

/// A property that all ranks of a job must have in common.
struct SharedTrait {
    /// The name of the property, as in "another \(name)".
    let name: String
    /// The value, which is equal where ranks agree.
    let value: String
    /// The value in a form for people.
    let shown: String
    /// The advice for a rank whose value differs.
    let remedy: String
}

/// Throws on all ranks where one has another value of a trait than most, and names that rank. Collective.
///
/// - Parameter traits: the same ones in the same order on every rank.
/// - Throws: `SharedFailure` for the first trait in which ranks differ.
func requireAgreement(on traits: [SharedTrait], in world: any Communicator) throws {
    guard world.size > 1 else { return }
    let lines = [ProcessInfo.processInfo.hostName] + traits.flatMap { [$0.value, $0.shown] }
    let gathered = try world.gather(Array(lines.joined(separator: "\0").utf8), to: 0)
    var verdict = ""
    if world.rank == 0 {
        let ranks = gathered.map { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false).map(
                String.init)
        }
        let words = traits.indices.lazy.compactMap { index in
            disagreement(
                about: traits[index], ranks.map { $0[1 + 2 * index] }, shown: ranks.map { $0[2 + 2 * index] },
                hosts: ranks.map { $0[0] })
        }
        verdict = words.first ?? ""
    }
    verdict = try world.broadcast(verdict)
    if !verdict.isEmpty { throw SharedFailure(verdict.visible) }
}

/// Returns a sentence on the ranks that have another value than most; nil where all agree. Of two equally frequent
/// values, the lower rank's counts as the majority's.
func disagreement(about trait: SharedTrait, _ values: [String], shown: [String], hosts: [String]) -> String? {
    let counts = Dictionary(values.map { ($0, 1) }, uniquingKeysWith: +)
    let most = counts.values.max() ?? 0
    guard let rule = values.firstIndex(where: { counts[$0] == most }) else { return nil }
    let odd = values.indices.filter { values[$0] != values[rule] }
    guard let first = odd.first else { return nil }
    let size = values.count
    let others = odd.dropFirst().map(String.init)
    let more = others.isEmpty ? "" : " (and so do \(Wording.count(others.count, "more rank")): \(Wording.few(others)))"
    return
        "rank \(first)/\(size) on \(hosts[first]) has another \(trait.name) than rank \(rule)\(more): \(shown[first]), "
        + "where rank \(rule) on \(hosts[rule]) has \(shown[rule]). \(trait.remedy)"
}

/// Throws on all ranks where one runs another program, or has other arguments. Collective. It comes before anything
/// else, as such ranks would wait for each other in vain.
package func requireSameProgram(in world: any Communicator) throws {
    guard world.size > 1 else { return }
    let path = linkTarget("/proc/self/exe") ?? "cnn-train"
    let digest = (try? sha256(ofFile: "/proc/self/exe")) ?? "unreadable"
    let arguments = commandLineArguments().dropFirst().joined(separator: " ")
    try requireAgreement(
        on: [
            SharedTrait(
                name: "program", value: digest, shown: "\(path) (SHA-256 \(digest.prefix(12)))",
                remedy: "Start the same build of cnn-train on all ranks"),
            SharedTrait(
                name: "command line", value: arguments, shown: "'\(arguments)'",
                remedy: "Start all ranks with the same arguments: they make one recipe"),
        ], in: world)
}

extension Setup {
    /// Throws on all ranks where one has other data or computes with other instructions. Collective.
    func requireAgreement(in world: any Communicator) throws {
        guard world.size > 1 else { return }
        // Reading samples may fail on this rank where files are damaged; then all ranks learn of the error.
        let data = try together(world) { dataset.fingerprint }
        try Training.requireAgreement(
            on: [
                SharedTrait(
                    name: "dataset", value: data, shown: data,
                    remedy: "Give all machines the same files, in the folder that --data names"),
                SharedTrait(
                    name: "instruction set", value: backend.rawValue, shown: backend.rawValue,
                    remedy: "Choose one that all machines have, such as --isa avx2"),
            ], in: world)
    }
}
