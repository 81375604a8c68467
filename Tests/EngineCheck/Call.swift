import EngineFuzz
import Foundation

/// The mistakes in a call of this program.
struct WrongCall: Error, CustomStringConvertible {
    let found: [String]

    var description: String {
        "engine-check \(found.joined(separator: " ")): expected kernels|networks CASES [SEED] or "
            + "kernels|networks --case SEED:NUMBER"
    }
}

/// The task of this program.
struct Call {
    private enum Subject: String {
        case kernels, networks
    }

    private let subject: Subject
    private let seed: UInt64
    private let numbers: Range<Int>
    private let isSingle: Bool
    /// Failures that are printed before the rest is left.
    private static let mostFailures = 5

    init(_ arguments: [String]) throws {
        guard arguments.count >= 2, let subject = Subject(rawValue: arguments[0]) else {
            throw WrongCall(found: arguments)
        }
        self.subject = subject
        isSingle = arguments[1] == "--case"
        let texts = isSingle ? arguments.dropFirst(2).first?.split(separator: ":").map(String.init) ?? [] : []
        if isSingle, texts.count == 2, let seed = UInt64(texts[0]), let number = Int(texts[1]) {
            self.seed = seed
            numbers = number..<number + 1
        } else if !isSingle, let cases = Int(arguments[1]), cases >= 0,
            let seed = UInt64(arguments.dropFirst(2).first ?? "1")
        {
            self.seed = seed
            numbers = 0..<cases
        } else {
            throw WrongCall(found: arguments)
        }
    }

    private func line(_ number: Int) -> String {
        "Tests/\(subject == .kernels ? "kernel" : "network")-fuzz --case \(seed):\(number)"
    }

    /// Whether all cases hold.
    func run() -> Bool {
        switch subject {
        case .kernels: runKernels()
        case .networks:
            runCases({ try NetworkFuzz.run(seed: seed, number: $0) }, NetworkFuzz.description(seed:number:))
        }
    }

    private func runKernels() -> Bool {
        let fuzz = KernelFuzz()
        var holds = true
        if !isSingle {
            for name in KernelFuzz.names {
                do {
                    try fuzz.runNamed(name)
                    report("holds: \(name)")
                } catch {
                    report("\(error)")
                    holds = false
                }
            }
        }
        holds = runCases({ try fuzz.run(seed: seed, number: $0) }, KernelFuzz.description(seed:number:)) && holds
        guard !isSingle else { return holds }
        do {
            try fuzz.saturate()
        } catch {
            report("\(error)")
            holds = false
        }
        for count in fuzz.counts {
            let missing = count.missing
            report(
                "\(count.instructionSet): \(count.count - missing.count) of \(count.count) kernels have run"
                    + (missing.isEmpty ? "" : "; not \(missing.joined(separator: ", "))"))
            holds = holds && missing.isEmpty
        }
        return holds
    }

    private func runCases(
        _ body: (_ number: Int) throws -> Void, _ description: (_ seed: UInt64, _ number: Int) -> String
    ) -> Bool {
        var failures = 0
        if isSingle { report(description(seed, numbers.lowerBound)) }
        for number in numbers where failures < Self.mostFailures {
            Crash.set(line(number))
            do {
                try body(number)
            } catch {
                failures += 1
                report("\(line(number))\n  \(error)")
            }
        }
        report(failures == 0 ? "all of \(numbers.count) cases hold" : "\(failures) cases fail")
        return failures == 0
    }

    /// Has a crash print the case in which it happens.
    func markCrashes() { Crash.watch() }
}

/// Prints a line at once: what comes next may end the process.
func report(_ line: String) {
    print(line)
    fflush(nil)
}
