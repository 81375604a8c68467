// engine-check kernels|networks CASES [SEED]       so many cases drawn at random
// engine-check kernels|networks --case SEED:NUMBER  one of them again
// Tests/kernel-fuzz and Tests/network-fuzz build it and call it so.
import EngineFuzz
import Foundation

do {
    let call = try Call(Array(CommandLine.arguments.dropFirst()))
    call.markCrashes()
    exit(call.run() ? 0 : 1)
} catch {
    report("\(error)")
    exit(64)
}
