import Foundation
import Graphs
import Tensors

extension Profile {
    /// Returns the profile as one JSON object on one line, for programs.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(ProfileObject(self)), as: UTF8.self)
    }
}

private struct ProfileObject: Encodable {
    struct Cost: Encodable {
        let calls: Int
        let ms: Double
        let operations: Int
        let bytes: Int
        let gflops_per_second: Double
        let gb_per_second: Double
        let fraction_of_roofline: Double

        init(_ cost: Profile.Cost) {
            calls = cost.calls
            ms = cost.seconds * 1e3
            operations = cost.work.operations
            bytes = cost.work.bytes
            gflops_per_second = cost.gflopsPerSecond
            gb_per_second = cost.gigabytesPerSecond
            fraction_of_roofline = cost.fractionOfRoofline
        }
    }

    struct Kernel: Encodable {
        let name: String
        let calls: Int
        let ms: Double
    }

    struct Kind: Encodable {
        let kind: String
        let family: String
        let pass: String
        /// The share of the step's time, in 0...1.
        let share: Double
        let kernels: [Kernel]
        let cost: Cost

        enum Key: CodingKey { case kind, family, pass, share, kernels }

        /// Encodes the cost's fields on the same level as the others.
        func encode(to encoder: any Encoder) throws {
            try cost.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(kind, forKey: .kind)
            try container.encode(family, forKey: .family)
            try container.encode(pass, forKey: .pass)
            try container.encode(share, forKey: .share)
            try container.encode(kernels, forKey: .kernels)
        }
    }

    struct Layer: Encodable {
        let layer: String
        let operation: String
        /// The output's height, width and channels.
        let output: [Int]
        let forward: Cost?
        let data_gradient: Cost?
        let weight_gradient: Cost?
    }

    let steps: Int
    let step_ms: Double
    let other_ms: Double
    let peak_gflops_per_second: Double
    let bandwidth_gb_per_second: Double
    let kinds: [Kind]
    let layers: [Layer]

    init(_ profile: Profile) {
        steps = profile.steps
        step_ms = profile.stepSeconds * 1e3
        other_ms = profile.otherSeconds * 1e3
        peak_gflops_per_second = profile.limits.peak / 1e9
        bandwidth_gb_per_second = profile.limits.bandwidth / 1e9
        kinds = profile.kinds.map { kind in
            Kind(
                kind: "\(kind.kind)", family: kind.kind.family, pass: kind.kind.pass.rawValue,
                share: kind.cost.seconds / profile.stepSeconds,
                kernels: kind.kernels.map { Kernel(name: $0.name, calls: $0.cost.calls, ms: $0.cost.seconds * 1e3) },
                cost: Cost(kind.cost))
        }
        layers = profile.layers.map { layer in
            Layer(
                layer: layer.name, operation: layer.operation,
                output: [layer.output.height, layer.output.width, layer.output.channels],
                forward: layer.passes[.forward].map(Cost.init),
                data_gradient: layer.passes[.dataGradient].map(Cost.init),
                weight_gradient: layer.passes[.weightGradient].map(Cost.init))
        }
    }
}
