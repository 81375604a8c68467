import Engine
import Graphs
import Kernels
import Networks
import Tensors
import TestSupport

/// A network drawn at random with a batch: every layer of the vocabulary, branches that join and branches that do not.
struct NetworkCase: Sendable {
    var genes: [NetworkGene]
    var imageSize: Int
    var inputChannels: Int
    var shardSizes: [Int]
    var classes: Int
    var isHidden: Bool
    var isAuxiliary: Bool
    var optimizer: Int

    init(drawnWith random: inout CaseRandom) {
        genes = []
        imageSize = random.pick([3, 5, 6, 7, 8, 8, 9, 12, 13, 16, 20])
        inputChannels = random.pick([1, 3, 3, 16])
        // Two ranks have two of these each.
        let samples = random.pick([2, 3, 4, 5, 8])
        shardSizes = (0..<4).map { Sharding(shards: 4).samples(ofShard: $0, batchSize: samples).count }
        classes = random.pick([2, 5, 10, 17])
        isHidden = random.chance(30)
        isAuxiliary = random.chance(30)
        optimizer = random.int(0...KernelCase.optimizers.count - 1)
        for _ in 0..<random.pick([3, 5, 8, 10, 12, 16, 20, 30]) { genes.append(NetworkGene(drawnWith: &random)) }
    }

    func network() -> Network {
        Network("case", inputChannels: inputChannels, classes: classes) { images in
            var growth = NetworkGrowth(images: images, size: imageSize)
            for gene in genes { growth.grow(gene) }
            return growth.scores(classes: classes, isHidden: isHidden, isAuxiliary: isAuxiliary)
        }
    }

    func specimen() throws -> FuzzSpecimen {
        let samples = shardSizes.reduce(0, +)
        return try FuzzSpecimen(
            network(), imageSize: imageSize, shardSizes: shardSizes, optimizer: KernelCase.optimizers[optimizer],
            images: goldenImages(samples: samples, channels: inputChannels, height: imageSize, width: imageSize),
            labels: (0..<samples).map { (7 * $0 + 3) % classes }, values: goldenFill)
    }
}

extension NetworkCase: CustomStringConvertible {
    var description: String {
        """
        images of \(imageSize)x\(imageSize)x\(inputChannels) in shards of \(shardSizes), \(classes) classes\
        \(isHidden ? ", a hidden layer" : "")\(isAuxiliary ? ", an auxiliary head" : ""), \
        \(type(of: KernelCase.optimizers[optimizer]))
        """ + genes.map { "\n    \($0)" }.joined()
    }
}

// MARK: - What must hold

extension NetworkCase {
    /// Trains with all passes and with none, on one and three threads, on one and two ranks, on two instruction sets:
    /// to the same bits.
    ///
    /// - Throws: `FuzzFailure`
    func check(_ random: inout CaseRandom) throws {
        let specimen = try specimen()
        let fastest = InstructionSet.supported[0]
        let other = InstructionSet.supported.dropFirst().first { $0 != .baseline } ?? fastest
        let plain = try FuzzTrace(
            specimen, FuzzSetup(instructionSet: fastest, guarded: random.chance(50) ? .behind : .before, isSpread: true)
        )
        var setups = [1, 3].map { FuzzSetup.rewritten(fastest, threads: $0) }
        setups.append(
            FuzzSetup(instructionSet: other, threads: 3, passes: FuzzSetup.somePasses(&random), guarded: .behind))
        for setup in setups {
            if let difference = try FuzzTrace(specimen, setup).difference(from: plain) {
                throw FuzzFailure("\(setup) gives other bits than one thread without passes: \(difference)")
            }
        }
        for passes in random.chance(30) ? [Set(GraphPass.allCases), []] : [Set(GraphPass.allCases)] {
            let setup = FuzzSetup(instructionSet: fastest, threads: random.pick([1, 3]), passes: passes)
            for (rank, trace) in try FuzzTrace.onRanks(2, specimen, setup).enumerated() {
                if let difference = trace.difference(from: plain) {
                    throw FuzzFailure(
                        "rank \(rank) of two, \(setup), has other bits than one rank without passes: \(difference)")
                }
            }
        }
    }

    /// The smallest network that fails too, by dropping layers and then what is around them, and the way in which it
    /// does.
    func shrunk(_ failure: any Error, seed: UInt64, number: Int) -> (NetworkCase, any Error) {
        var (smallest, reason) = (self, failure)
        func attempt(_ change: (inout NetworkCase) -> Void) -> Bool {
            var smaller = smallest
            change(&smaller)
            var random = CaseRandom(seed: seed, number: number)
            do {
                try smaller.check(&random)
                return false
            } catch {
                (smallest, reason) = (smaller, error)
                return true
            }
        }
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for index in smallest.genes.indices.reversed() where smallest.genes.count > 1 {
                if attempt({ $0.genes.remove(at: index) }) { isSmaller = true }
            }
        }
        _ = attempt { $0.isHidden = false }
        _ = attempt { $0.isAuxiliary = false }
        _ = attempt { $0.optimizer = 0 }
        _ = attempt { $0.shardSizes = [1, 1, 0, 0] }
        _ = attempt { $0.imageSize = 4 }
        return (smallest, reason)
    }
}
