import Glibc

/// An address of the Internet Protocol, version 4.
package struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
    /// The four numbers, the first in the highest byte.
    package let bits: UInt32

    package init(bits: UInt32) {
        self.bits = bits
    }

    /// Reads an address such as `10.1.0.7`; nil for any other text.
    package init?(_ text: String) {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard numbers.count == 4 else { return nil }
        var bits: UInt32 = 0
        for number in numbers {
            guard let number else { return nil }
            bits = bits << 8 | UInt32(number)
        }
        self.bits = bits
    }

    package var description: String {
        [24, 16, 8, 0].map { String(bits >> $0 & 255) }.joined(separator: ".")
    }

    /// Whether the address is the machine's own, of its loopback.
    package var isLoopback: Bool { bits >> 24 == 127 }
}

extension IPv4Address {
    /// Returns the addresses of this machine's interfaces.
    static func ofThisMachine() -> Set<IPv4Address> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var addresses: Set<IPv4Address> = []
        var place = list
        while let entry = place?.pointee {
            place = entry.ifa_next
            guard let address = entry.ifa_addr, address.pointee.sa_family == AF_INET else { continue }
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                _ = addresses.insert(IPv4Address(bits: UInt32(bigEndian: $0.pointee.sin_addr.s_addr)))
            }
        }
        return addresses
    }
}

/// A network to which a machine is directly connected.
package struct Subnet: Hashable, Sendable, CustomStringConvertible {
    package let base: IPv4Address
    /// The number of leading bits that all its addresses share.
    package let length: Int

    /// The network as `10.1.0.0/24`. Open MPI accepts this in place of an interface's name, which may differ between
    /// machines.
    package var description: String { "\(base)/\(length)" }

    package func contains(_ address: IPv4Address) -> Bool {
        length == 0 || (address.bits ^ base.bits) >> (32 - length) == 0
    }

    /// Returns the networks of `/proc/net/route` that are reached without a gateway. Its numbers are hexadecimal, the
    /// lowest byte first.
    static func direct(routes: String) -> [Subnet] {
        routes.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 7, UInt32(fields[2], radix: 16) == 0, let base = UInt32(fields[1], radix: 16),
                let mask = UInt32(fields[7], radix: 16), mask != 0
            else { return nil }
            return Subnet(base: IPv4Address(bits: base.byteSwapped), length: mask.nonzeroBitCount)
        }
    }
}
