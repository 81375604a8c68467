import Engine
import Graphs
import Kernels
import Tensors
import Terminal
import Training

/// A profile for people: by kind of operation, by kernel, by layer.
struct ProfileText {
    private let profile: Profile
    private let backend: Backend

    init(_ profile: Profile, backend: Backend) {
        self.profile = profile
        self.backend = backend
    }

    var text: String {
        [introduction, kinds, kernels, layers, legend].joined(separator: "\n\n")
    }

    private var introduction: String {
        let limits = profile.limits
        return "A step takes \(milliseconds(profile.stepSeconds)) ms on rank 0 (medians of "
            + "\(Wording.count(profile.steps, "step"))). Its threads reach \(Wording.significant(limits.peak / 1e9)) "
            + "GFLOP/s and \(Wording.significant(limits.bandwidth / 1e9)) GB/s at most."
    }

    // MARK: Kinds

    private var kinds: String {
        let rows = profile.kinds.map { kind in
            ["\(kind.kind)", "\(kind.cost.calls)"] + timing(kind.cost.seconds) + rates(kind.cost)
        }
        let other = ["other", ""] + timing(profile.otherSeconds)
        let head = ["operation", "calls", "ms", "of the step", "GFLOP/s", "GB/s", "of its roofline"]
        return Wording.table([head] + rows + [other + ["", "", ""]], leading: 1)
    }

    private func timing(_ seconds: Double) -> [String] {
        [milliseconds(seconds), percent(seconds / profile.stepSeconds)]
    }

    private func rates(_ cost: Profile.Cost) -> [String] {
        [
            rate(cost.gflopsPerSecond), rate(cost.gigabytesPerSecond),
            cost.leastSeconds > 0 ? Wording.fixed(cost.fractionOfRoofline, 2) : "",
        ]
    }

    // MARK: Kernels

    private var kernels: String {
        let rows = profile.kinds.map { kind in
            let all = kind.kernels.reduce(0) { $0 + $1.cost.seconds }
            let shares = kind.kernels.map { kernel in
                kernel.name + (kind.kernels.count > 1 && all > 0 ? " \(percent(kernel.cost.seconds / all))" : "")
            }
            return ["\(kind.kind)", shares.joined(separator: ", ")]
        }
        return Wording.table([["operation", "done by"]] + rows, leading: 2) + "\n\n" + backendNote
    }

    /// The note on which rows are kernels of the instruction set and which are not.
    private var backendNote: String {
        let others = ["load", "all-reduce", "sgemm", "sum"].filter { name in
            profile.kinds.contains { kind in kind.kernels.contains { $0.name == name } }
        }
        return "All of these but \(others.joined(separator: ", ")) are kernels compiled for "
            + "\(backend.instructionSet.rawValue)."
    }

    // MARK: Layers

    private var layers: String {
        let rows = profile.layers.map { layer in
            let costs = [Pass.forward, .dataGradient, .weightGradient].map { layer.passes[$0] }
            return [layer.name, layer.operation, "\(layer.output)"]
                + costs.map { $0.map { milliseconds($0.seconds) } ?? "" }
                + costs.map { $0.map { rate($0.gflopsPerSecond) } ?? "" }
        }
        let head = [
            "layer", "operation", "output", "forward ms", "data ms", "weights ms", "forward GFLOP/s", "data GFLOP/s",
            "weights GFLOP/s",
        ]
        return Wording.table([head] + rows, leading: 2)
    }

    // MARK: Words

    private var legend: String {
        """
        data: the gradient of a layer's input (and of a batch norm's parameters); weights: of its weights and biases.
        GFLOP/s: 2 a multiply-add, taps on padding counted. GB/s: each tensor that must be read or written, once.
        of its roofline: the time that peak or bandwidth allow at best, by the time taken; \
        above 1 where data stays in caches.
        Each time is a median of its own, so that they need not add up to the step's.
        """
    }

    private func milliseconds(_ seconds: Double) -> String { Wording.fixed(seconds * 1e3, 3) }

    private func percent(_ fraction: Double) -> String { Wording.fixed(fraction * 100, 1) + "%" }

    private func rate(_ billions: Double) -> String { billions > 0 ? Wording.fixed(billions, 1) : "" }
}
