package import Collectives
package import Planning
import Tensors
import Terminal

/// Returns the latency and bandwidth between two ranks, measured by sums over both of them. Collective.
///
/// - Throws: `SharedFailure` where there are not exactly two ranks.
package func measureLink(in world: any Communicator) throws -> Link {
    guard world.size == 2 else {
        throw SharedFailure(
            "a network is measured between two ranks, and here \(world.size == 1 ? "is" : "are") "
                + "\(Wording.count(world.size, "rank")): say cnn-train launch --hosts a:1,b:1 plan …")
    }
    // Two ranks exchange one short message, or two halves of a long one, of which each rank adds one.
    let latency = try median(secondsOfSums(of: 1, repeats: 200, in: world))
    let bytes = 8 << 20
    let seconds = try median(secondsOfSums(of: bytes / 4, repeats: 5, in: world))
    let wire = max(seconds - 2 * latency - Double(bytes) / 2 * Simulation.secondsPerByte, seconds / 10)
    return Link(latency: latency, bandwidth: Double(bytes) / wire)
}

private func secondsOfSums(of count: Int, repeats: Int, in world: any Communicator) throws -> [Double] {
    var values = [Float](repeating: 0, count: count)
    return try (0..<repeats + 2).map { _ in
        try world.barrier()
        let start = monotonicSeconds()
        var span = values.mutableSpan
        try world.sum(&span)
        return monotonicSeconds() - start
    }.dropFirst(2).map(\.self)
}
