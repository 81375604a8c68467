// One small training step of each model, or of those that are named: `zoo-check [MODEL…]` prints a digest a model. It
// is to be the same on every CPU: `launch/test-haswell` compares this machine's with an emulated one's.
import Engine
import Foundation
import Graphs
import Networks

let backend = Backend.supported.first ?? .openblas
FileHandle.standardError.write(Data("zoo-check: computes with \(backend)\n".utf8))
let named = CommandLine.arguments.dropFirst()
for model in named.isEmpty ? Zoo.models.map(\.name) : Array(named) {
    let network = try Zoo.model(named: model).network()
    // The fewest pixels that the model's windows fit on, but no fewer than leave tiles something to do.
    let imageSize = (32...).first { network.takes(imageSize: $0) } ?? 32
    let digest = try digestOfStep(of: network, imageSize: imageSize, on: backend)
    print(model, imageSize, String(digest, radix: 16))
    fflush(nil)
}
