/// The hosts of a supervised job: those that answer, those that have failed, and the times at which failed ones are
/// asked again. Times are seconds of any one clock.
package struct HostPool: Sendable {
    package struct Member: Hashable, Sendable {
        package let host: Host
        package let isSpare: Bool
        package internal(set) var condition = Condition.due(hasFailed: false)
    }

    package enum Condition: Hashable, Sendable {
        /// The host is to be asked next.
        case due(hasFailed: Bool)
        /// The host has been asked. `isAwaited`: a restart waits for its answer.
        case asked(isAwaited: Bool, hasFailed: Bool)
        case answering
        /// The host has failed and is asked again at time `forgiven`.
        case failed(forgiven: Double)
    }

    package private(set) var members: [Member]
    /// The seconds for which a failed host is left alone.
    private let cooldown: Double
    /// The seconds after which a host that did not answer is asked again, or the cool-down where that is shorter.
    private static let retryInterval = 15.0

    package init(hosts: [Host], spares: [Host], cooldown: Double) {
        members = hosts.map { Member(host: $0, isSpare: false) } + spares.map { Member(host: $0, isSpare: true) }
        self.cooldown = cooldown
    }

    /// Returns the hosts that are due to be asked, and marks them as asked.
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

    /// Makes all failed hosts due at once, as the others are too few.
    package mutating func forgiveAll() {
        for index in members.indices {
            switch members[index].condition {
            case .failed: members[index].condition = .due(hasFailed: true)
            case .asked(_, let hasFailed): members[index].condition = .asked(isAwaited: true, hasFailed: hasFailed)
            case .due, .answering: break
            }
        }
    }

    /// Notes that a host has answered.
    ///
    /// - Returns: whether the host had failed before.
    package mutating func answered(_ name: String) -> Bool {
        let before = replaceCondition(of: name, by: .answering)
        if case .asked(_, true) = before { return true }
        return false
    }

    /// Notes that a host has failed, or has not answered.
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

    /// Notes that a host's agent has ended for a reason that is not the host's: the host is due at once.
    package mutating func left(_ name: String) { _ = replaceCondition(of: name, by: .due(hasFailed: false)) }

    /// Whether no host is due or awaited.
    package var isSettled: Bool {
        members.allSatisfy { member in
            switch member.condition {
            case .due, .asked(isAwaited: true, _): false
            case .asked, .answering, .failed: true
            }
        }
    }

    /// The hosts that answer, without spare ones.
    package var answering: [Host] { answering(isSpare: false) }
    package var answeringSpares: [Host] { answering(isSpare: true) }

    private func answering(isSpare: Bool) -> [Host] {
        members.filter { $0.condition == .answering && $0.isSpare == isSpare }.map(\.host)
    }

    /// The time at which the next host is to be asked; 0 for at once, infinite for none.
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
