// One rank of a small MPI job for CollectivesTests: `mpirun -n P collectives-check MODE [RANK]`, or
// `mpirun -n P collectives-check measure [BYTES …]` for a table of how long sums take.
import Collectives
import Foundation

let mode = CommandLine.arguments.dropFirst().first ?? "cases"
/// The rank that misbehaves.
let culprit = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 0
let job = try Job.start()
let world = job.world

do {
    switch mode {
    case "cases":
        try checkAll(world)
        if world.rank == 0 { print("all cases hold on \(world.size) ranks") }
    case "throw":
        // The others wait in a sum for ever.
        if world.rank == culprit { throw Violation(description: "the disk is full") }
        try checkSumOfRanks(world, count: 1000)
    case "die":
        if world.rank == culprit { kill(getpid(), SIGKILL) }
        try checkSumOfRanks(world, count: 1000)
    case "together":
        job.failTogether(Violation(description: "no such model"), code: 64)
    case "alone":
        // A rank that thinks all fail alike, and is wrong.
        if world.rank == culprit { job.failTogether(Violation(description: "no such folder")) }
        while true { sleep(1) }
    case "misstep":
        try checkSumOfRanks(world, count: world.rank == culprit ? 1001 : 1000)
    case "badcall":
        var values: [Float] = [1]
        var span = values.mutableSpan
        try world.broadcast(&span, from: 0)
        try sendNowhere(world)
    case "measure":
        try measure(world, sizes: CommandLine.arguments.dropFirst(2).compactMap { Int($0) })
    case "traffic":
        try checkTraffic(world)
    case "mpi":
        world.allReduce = .mpi
        for count in [1, 1000, 100_000] { try checkSumOfRanks(world, count: count) }
        if world.rank == 0 { print("MPI sums on \(world.size) ranks") }
    default:
        job.failTogether(Violation(description: "unknown mode \(mode)"), code: 64)
    }
    try job.finish()
} catch {
    job.fail(error)
}

/// A partner that does not exist, so that MPI itself must object.
func sendNowhere(_ world: any Communicator) throws {
    guard let pointToPoint = world as? any PointToPoint else { return }
    var nothing = MutableRawSpan()
    try pointToPoint.exchange(send: [UInt8](repeating: 1, count: 8).span.bytes, receive: &nothing, with: world.size + 5)
}
