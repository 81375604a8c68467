/// The cost of sending n bytes from one place to another: a + n b seconds.
package struct Link: Hashable, Sendable {
    /// Seconds until the first byte arrives, software included.
    package var latency: Double
    /// Bytes a second each way.
    package var bandwidth: Double

    package init(latency: Double, bandwidth: Double) {
        self.latency = latency
        self.bandwidth = bandwidth
    }

    /// Networks by name: as measured with messages of programs, not as printed on the cable.
    package static let named: [(name: String, link: Link)] = [
        ("10gbe", Link(latency: 30e-6, bandwidth: 1.15e9)),
        ("100gbe", Link(latency: 10e-6, bandwidth: 11e9)),
        ("ib-hdr", Link(latency: 2e-6, bandwidth: 22e9)),
    ]

    /// The link between ranks of one machine, through shared memory.
    package static let sharedMemory = Link(latency: 4e-6, bandwidth: 4e9)

    /// `10gbe`, or latency and bandwidth as in `30us,1.15GB/s` or `3e-5,1.15e9`.
    package init?(_ text: String) {
        if let known = Self.named.first(where: { $0.name == text }) {
            self = known.link
            return
        }
        let parts = text.split(separator: ",").map(String.init)
        guard parts.count == 2,
            let latency = Self.number(parts[0], units: [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("s", 1)]),
            let bandwidth = Self.number(
                parts[1],
                units: [
                    ("Gbit/s", 1.25e8), ("Mbit/s", 1.25e5), ("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3), ("B/s", 1),
                ]),
            // Slower or faster than anything.
            (0...1e3).contains(latency), (1...1e15).contains(bandwidth)
        else { return nil }
        self.init(latency: latency, bandwidth: bandwidth)
    }

    private static func number(_ text: String, units: [(name: String, value: Double)]) -> Double? {
        if let number = Double(text) { return number.isFinite ? number : nil }
        guard let unit = units.first(where: { text.hasSuffix($0.name) }),
            let number = Double(text.dropLast(unit.name.count)), number.isFinite
        else { return nil }
        return number * unit.value
    }
}
