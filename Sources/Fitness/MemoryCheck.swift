import Machine

/// The memory that ranks of this machine may have, by all that limits it.
package enum MemoryCheck {
    /// Bytes below which no network of the zoo is trained.
    static let least = 128 << 20
    /// Bytes that most of them take in small batches.
    static let enough = 1 << 30

    /// - Parameter available: bytes for each of `ranks`.
    package static func finding(available: Int, ranks: Int) -> Finding {
        .ofBytes(
            "memory", available, least: least, enough: enough,
            of: { ranks == 1 ? "\($0) to have" : "\($0) for each of \(ranks) ranks" },
            for: "a rank (`cnn-train summary --model NAME` says what a network takes)",
            remedy: "Free memory, raise `ulimit -v` or the control group's limit, or ask for fewer ranks")
    }

    /// Returns the finding about this machine's memory.
    package static func finding(ranks: Int) -> Finding {
        finding(available: MemoryCapacity.here.available(toEachOf: max(ranks, 1)), ranks: max(ranks, 1))
    }
}
