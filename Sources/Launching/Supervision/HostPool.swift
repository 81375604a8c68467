/// The hosts of a supervised job: which of them answer, which have failed, and when those are forgiven. Times are
/// seconds of any one clock.
package struct HostPool: Sendable {
    package struct Member: Hashable, Sendable {
        package let host: Host
        package let isSpare: Bool
        package internal(set) var condition = Condition.due(hasFailed: false)
    }

    package enum Condition: Hashable, Sendable {
        /// It is to be asked next.
        case due(hasFailed: Bool)
        /// The pool waits for its answer. `isAwaited`: a restart waits for the answer too.
        case asked(isAwaited: Bool, hasFailed: Bool)
        case answering
        /// It is asked again from then on.
        case failed(forgiven: Double)
    }

    package private(set) var members: [Member]
    /// Seconds for which a host that has failed is left alone.
    private let cooldown: Double
    /// Seconds after which a host that did not answer is asked again, if the cool-down is not shorter.
    private static let retryInterval = 15.0

    package init(hosts: [Host], spares: [Host], cooldown: Double) {
        members = hosts.map { Member(host: $0, isSpare: false) } + spares.map { Member(host: $0, isSpare: true) }
        self.cooldown = cooldown
    }

    /// Returns the hosts that it is time to ask, which count as asked from now on.
    package mutating func takeDue(at now: Double) -> [Host] {
        members.indices.compactMap { index in
            switch members[index].condition {
            case .due(let hasFailed): members[index].condition = .asked(isAwaited: true, hasFailed: hasFailed)
            case .failed(let forgiven) where forgiven <= now:
                members[index].condition = .asked(isAwaited: false, hasFailed: true)
            default: return nil
            }
            return members[index].host
        }
    }

    /// Asks all hosts that do not answer again, whatever their failures: there are too few without them.
    package mutating func forgiveAll() {
        for index in members.indices {
            switch members[index].condition {
            case .failed: members[index].condition = .due(hasFailed: true)
            case .asked(_, let hasFailed): members[index].condition = .asked(isAwaited: true, hasFailed: hasFailed)
            case .due, .answering: break
            }
        }
    }

    /// - Returns: whether the host had failed before.
    package mutating func answered(_ name: String) -> Bool {
        let before = replaceCondition(of: name, by: .answering)
        if case .asked(_, true) = before { return true }
        return false
    }

    /// The host has failed, or does not answer when it is asked.
    ///
    /// - Returns: whether that is new: it was answering, or was asked for the first time.
    package mutating func failed(_ name: String, at now: Double) -> Bool {
        guard let index = members.firstIndex(where: { $0.host.name == name }) else { return false }
        switch members[index].condition {
        case .asked(_, true):
            members[index].condition = .failed(forgiven: now + min(cooldown, Self.retryInterval))
            return false
        case .failed: return false
        case .due, .asked, .answering:
            members[index].condition = .failed(forgiven: now + cooldown)
            return true
        }
    }

    /// The host's agent has ended for a reason that is not the host's: it is asked again at once.
    package mutating func left(_ name: String) { _ = replaceCondition(of: name, by: .due(hasFailed: false)) }

    /// Whether nothing is awaited of any host.
    package var isSettled: Bool {
        members.allSatisfy { member in
            switch member.condition {
            case .due, .asked(isAwaited: true, _): false
            case .asked, .answering, .failed: true
            }
        }
    }

    /// Hosts that answer, without the spare ones.
    package var answering: [Host] { answering(isSpare: false) }
    package var answeringSpares: [Host] { answering(isSpare: true) }

    private func answering(isSpare: Bool) -> [Host] {
        members.filter { $0.condition == .answering && $0.isSpare == isSpare }.map(\.host)
    }

    /// The time at which the next host is to be asked.
    package var nextDue: Double {
        members.reduce(.infinity) { next, member in
            switch member.condition {
            case .failed(let forgiven): min(next, forgiven)
            case .due: 0
            case .asked, .answering: next
            }
        }
    }

    private mutating func replaceCondition(of name: String, by condition: Condition) -> Condition? {
        guard let index = members.firstIndex(where: { $0.host.name == name }) else { return nil }
        defer { members[index].condition = condition }
        return members[index].condition
    }
}
