import CProcess
import Glibc
import Runs
import Tensors

extension Supervisor {
    /// The seconds between two looks at the hosts while they are too few.
    private static let hostInterval = 1.0

    /// Chooses the ranks that fit on the answering hosts. Where they are too few, it waits for others for at most a
    /// host's cool-down.
    ///
    /// - Returns: nil where they stay too few, or a signal has come.
    func chooseHosts(suspects: Set<String>) -> RankChoice? {
        var deadline: Double?
        while true {
            _ = wait(seconds: Self.connectPatience) { pool.isSettled || leaveSignal != nil }
            let choice = RankChoice(
                settings.wish, hosts: pool.answering, spares: pool.answeringSpares, suspects: suspects)
            if let choice, choice.ranks >= settings.leastRanks { return choice }
            let now = monotonicSeconds()
            if deadline == nil {
                say(
                    "\(choice?.ranks ?? 0) ranks fit on the hosts that answer, of --min-workers "
                        + "\(settings.leastRanks): waiting for others"
                )
            }
            let end = deadline ?? now + max(settings.hostCooldown, Self.connectPatience)
            deadline = end
            guard now < end, leaveSignal == nil, endSignal == nil else { return nil }
            pool.forgiveAll()
            _ = wait(seconds: Self.hostInterval) { leaveSignal != nil }
        }
    }

    /// Waits at most `seconds` until a condition holds; less where everything is to end.
    ///
    /// - Returns: whether the condition holds.
    func wait(seconds: Double, until condition: () -> Bool) -> Bool {
        let deadline = monotonicSeconds() + seconds
        while !condition() {
            guard monotonicSeconds() < deadline, endSignal == nil else { return false }
            turn(until: deadline)
        }
        return true
    }

    /// Waits for the next event and handles it: signals, agents' reports, hosts that are silent or due.
    func turn(until deadline: Double) {
        askDueHosts()
        let start = monotonicSeconds()
        let interval = AgentProtocol.beat(heartbeat: settings.heartbeat)
        // Without a descriptor for its end, mpirun is looked at every 20 ms.
        let longest = launcher != nil && launcher?.descriptor == nil ? 0.02 : interval
        let next = min(deadline, lastBeat + interval, pool.nextDue, start + longest)
        let pause = max(0, next - start)
        let descriptors = connections.values.flatMap(\.descriptors)
        let own = [signals.descriptor, remoteStarts.descriptor, launcher?.descriptor].compactMap(\.self)
        let ready = Descriptors.ready(among: own + descriptors, within: pause)
        let now = monotonicSeconds()
        // Time for which this process was stopped is not silence of the agents.
        if case let lost = now - start - pause, lost > settings.heartbeat / 2 {
            for connection in connections.values { connection.heard += lost }
        }
        while let number = signals.next() { take(signal: number) }
        while let start = remoteStarts.next() {
            guard let (host, command) = start.parts(isHost: { agent(of: $0) != nil }) else { continue }
            agent(of: host)?.say(.start(command))
        }
        for connection in connections.values {
            for report in connection.read(ready, at: now) { take(report, from: connection, at: now) }
            check(connection, at: now)
        }
        if now >= lastBeat + interval {
            lastBeat = now
            for connection in connections.values where connection.state == .ready { connection.say(.alive) }
        }
    }

    /// Returns the agent on a host; mpirun may name the host without the user.
    private func agent(of host: String) -> AgentConnection? {
        connections[host] ?? connections.values.first { $0.host.name.hasSuffix("@" + host) }
    }

    private func take(_ report: AgentReport, from connection: AgentConnection, at now: Double) {
        let name = connection.host.name
        switch report {
        case .ready:
            guard connection.state == .ready, pool.answered(name) else { return }
            surroundings.resolve(connection.host)
            var event = SupervisorEvent(.hostBack)
            event.host = name
            record(event)
            say("\(name) answers again; ranks run there from the next start on")
        case .gone(let rank) where firstGone == nil: firstGone = (rank, name, now)
        case .notStarted(let words):
            let reason = [words, connection.complaint].filter { !$0.isEmpty }.joined(separator: ": ")
            lose(connection, "Open MPI's daemon does not start there: \(reason)")
        default: break
        }
    }

    private func check(_ connection: AgentConnection, at now: Double) {
        switch connection.state {
        case .closed:
            guard !connection.hasLeft else {
                connections[connection.host.name] = nil
                pool.left(connection.host.name)
                return missOnJob(connection.host.name, "its agent has heard nothing of this supervisor")
            }
            lose(connection, "its agent has ended" + (connection.complaint.isEmpty ? "" : " (\(connection.complaint))"))
        case .ready where now - connection.heard > settings.heartbeat:
            lose(connection, "it has not answered for \(settings.heartbeat) s")
        case .starting where now - connection.heard > Self.connectPatience:
            lose(connection, "it does not answer" + (connection.complaint.isEmpty ? "" : " (\(connection.complaint))"))
        default: break
        }
    }

    /// Gives up a host until its cool-down is over.
    func lose(_ connection: AgentConnection, _ reason: String) {
        let name = connection.host.name
        guard connections[name] === connection else { return }
        connections[name] = nil
        let isNews = pool.failed(name, at: monotonicSeconds())
        missOnJob(name, reason)
        guard isNews else { return }
        var event = SupervisorEvent(.hostLost)
        event.host = name
        event.reason = reason
        record(event)
        say("host \(name) is left out: \(reason)")
    }

    private func missOnJob(_ name: String, _ reason: String) {
        if launcher != nil, lostHost == nil, chosenHosts.contains(where: { $0.name == name }) {
            lostHost = (name, reason)
        }
    }

    private func askDueHosts() {
        let now = monotonicSeconds()
        for host in pool.takeDue(at: now) {
            let isHere = settings.hosts.isEmpty || surroundings.isHere(host)
            let words = [
                settings.program, "host-agent", "--job", job.id, "--heartbeat", "\(settings.heartbeat)",
            ]
            let call = isHere ? words : shell.call(host: host.name, words, variables: libraryPath)
            do throws(LaunchError) {
                connections[host.name] = try AgentConnection(host: host, call: call, at: now)
            } catch {
                _ = pool.failed(host.name, at: now)
                say("host \(host.name) is left out: \(error)")
            }
        }
    }

    private var libraryPath: [(name: String, value: String)] {
        getenv("LD_LIBRARY_PATH").map { [("LD_LIBRARY_PATH", String(cString: $0))] } ?? []
    }

    private func take(signal number: Int32) {
        let isAsking = SignalInbox.asking.contains(number)
        var event = SupervisorEvent(.signal)
        event.signal = number
        record(event)
        if isAsking {
            launcher?.send(number)
        } else if leaveSignal == nil {
            say("\(signalWords(number)): the run saves its state and leaves; a second one ends it at once")
            launcher?.send(SIGUSR1)
        } else {
            endSignal = number
        }
        leaveSignal = leaveSignal ?? number
    }

    /// Lets all agents clean up and end.
    func dismissAgents() {
        launcher?.end()
        for connection in connections.values { connection.hangUp() }
        let deadline = monotonicSeconds() + 3
        for connection in connections.values { connection.waitForEnd(seconds: deadline - monotonicSeconds()) }
        connections = [:]
        folders.remove()
    }
}
