import CommandSupport
import Foundation
import Testing

/// Runs that go on by themselves when their processes are killed.
@Suite("A supervised run", .serialized, .withOurKernels)
struct SuperviseTests {
    private let commands: Commands
    /// A name that no other process on this machine has in its arguments.
    private let output = "run-" + UUID().uuidString.prefix(8)

    init() throws { commands = try Commands() }

    private func train(epochs: Int = 12, output: String? = nil) throws -> [String] {
        [
            "train", "--model", "lenet", "--data", try commands.tinyData(train: 3200), "--batch-size", "16", "--lr",
            "0.1", "--threads", "1", "--log-every", "5", "--epochs", "\(epochs)", "--checkpoint-every", "50steps",
            "--output", output ?? self.output,
        ]
    }

    private func supervised(_ options: String..., epochs: Int = 12) throws -> [String] {
        ["launch", "-n", "2", "--supervise"] + options + (try train(epochs: epochs))
    }

    /// The digest of a run that nothing happens to.
    private static let calmDigest = Result {
        let tests = try SuperviseTests()
        let outcome = try tests.commands.run(tests.train(output: "calm"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try #require(tests.digest("calm"))
    }

    private func digest(_ output: String) -> String? {
        let text = (try? String(contentsOfFile: "\(commands.folder)/\(output)/metrics.jsonl", encoding: .utf8)) ?? ""
        return text.split(separator: "\"parameters_sha256\": \"").dropFirst().last.map { String($0.prefix(64)) }
    }

    struct Event: Decodable {
        let time: Date
        let event: String
        let attempt: Int?
        let ranks: Int?
        let hosts: [String]?
        let from_step: Int?
        let step: Int?
        let rank: Int?
        let host: String?
        let exit_code: Int?
        let signal: Int32?
        let reason: String?
    }

    private func events() throws -> [Event] {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            return try Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        }
        return try String(contentsOfFile: "\(commands.folder)/\(output)/supervisor.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try decoder.decode(Event.self, from: Data($0.utf8)) }
    }

    /// Whether a checkpoint is there, so that the run has something to go on from.
    private var isSaved: Bool {
        let files = try? FileManager.default.contentsOfDirectory(atPath: "\(commands.folder)/\(output)/checkpoints")
        return files?.contains { $0.hasSuffix(".zst") } ?? false
    }

    /// Processes of this run whose arguments or environment fit.
    private func processes(_ isWanted: (_ words: [String], _ environment: [String]) -> Bool) -> [pid_t] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { pid_t($0) }.filter { id in
            func texts(_ name: String) -> [String] {
                (FileManager.default.contents(atPath: "/proc/\(id)/\(name)") ?? Data()).split(separator: 0)
                    .map { String(decoding: $0, as: UTF8.self) }
            }
            let words = texts("cmdline")
            // The one that `timeout` and `env` have started has them in its arguments, too.
            return words.contains(output) && !["timeout", "env"].contains { words[0].hasSuffix($0) }
                && isWanted(words, texts("environ"))
        }
    }

    private func ranks(_ rank: Int) -> [pid_t] {
        processes { _, environment in environment.contains("OMPI_COMM_WORLD_RANK=\(rank)") }
    }

    private var launchers: [pid_t] { processes { words, _ in words[0] == "mpirun" } }

    /// The job's name, as its processes have it; nil where there are none.
    private var job: String? {
        var name: String?
        _ = processes { _, environment in
            name = environment.first { $0.hasPrefix("CNN_TRAIN_JOB=") }.map { String($0.dropFirst(14)) } ?? name
            return false
        }
        return name
    }

    /// Whether nothing of the run is left, neither processes nor files, within some seconds.
    private func isClean(_ job: String?) throws -> Bool {
        let job = try #require(job)
        for _ in 0..<1000 {
            let agents = try FileManager.default.contentsOfDirectory(atPath: "/proc").contains { id in
                let words = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
                return pid_t(id) != nil && words.range(of: Data(job.utf8)) != nil
            }
            let folders = ["/dev/shm/cnn-job-\(job)", "/tmp/cnn-job-\(job)"]
            if processes({ _, _ in true }).isEmpty, !agents,
                folders.allSatisfy({ !FileManager.default.fileExists(atPath: $0) })
            {
                return true
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
        return false
    }

    @Test("a supervised run whose rank and then mpirun are killed ends with the bits of an undisturbed run")
    func killed() throws {
        let calm = try Self.calmDigest.get()
        var victims = [pid_t]()
        var job: String?
        let outcome = try commands.run(
            supervised(),
            killedWhen: {
                guard isSaved, let victim = (victims.isEmpty ? ranks(1) : launchers).first else { return false }
                // The second one once the run is started again.
                if victims.count < 2, !victims.contains(victim), ranks(1).first.map({ !victims.contains($0) }) ?? false
                {
                    victims.append(victim)
                    job = self.job
                    kill(victim, SIGKILL)
                }
                return false
            })
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(digest(output) == calm)
        let events = try events()
        try #require(events.map(\.event) == ["start", "failure", "start", "failure", "start", "finished"])
        #expect(events.map(\.attempt) == [1, 1, 2, 2, 3, 3])
        #expect(events[0].ranks == 2 && events[0].hosts == ["localhost"] && events[0].from_step == nil)
        #expect(events[1].rank == 1 && events[1].host == "localhost" && events[1].signal == SIGKILL)
        #expect(events[1].exit_code == 137 && events[1].reason == "rank 1 on localhost was ended by signal 9 (Killed)")
        #expect(events[3].reason == "mpirun was ended by signal 9 (Killed)")
        let saved = try #require(events[1].step)
        #expect(saved >= 50 && events[2].from_step == saved && events[5].step == 2400)
        // Nothing is waited for.
        #expect(events[2].time.timeIntervalSince(events[1].time) < 1)
        #expect(outcome.errors.contains("cnn-train: supervisor: mpirun -n 2 "))
        #expect(outcome.errors.contains("cnn-train: supervisor: start 2: 2 ranks on localhost"))
        #expect(try isClean(job))
    }

    @Test("a supervised run is not started again when the program fails before any step was saved")
    func failsAtOnce() throws {
        let outcome = try commands.run(supervised() + ["--init", "nowhere.safetensors"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("nowhere.safetensors"))
        let events = try events()
        try #require(events.map(\.event) == ["start", "failure", "give_up"])
        #expect(events[1].rank == 0 && events[1].reason?.contains("nowhere.safetensors") == true)
        #expect(events[2].exit_code == 1 && events[2].reason?.contains("failed by itself before any step") == true)
    }

    @Test("a supervised run is given up when the program fails by itself at the same step twice")
    func sameStep() throws {
        let outcome = try commands.run(
            supervised(), environment: ["CNN_TRAIN_FAULT": "throw:compute:1:199"])
        #expect(outcome.status == 1)
        let events = try events()
        let failures = events.filter { $0.event == "failure" }
        try #require(failures.count >= 2, "\(outcome.errors)")
        #expect(failures.suffix(2).map(\.step).allSatisfy { $0 == failures[0].step })
        #expect(failures.allSatisfy { $0.rank == 1 && $0.exit_code == 1 })
        #expect(events.last?.event == "give_up" && events.last?.reason?.contains("the program's or the data's") == true)
    }

    @Test("a supervised run is given up at the limit, with the reason of each failure and the last one's exit code")
    func limit() throws {
        let outcome = try commands.run(
            supervised("--max-restarts", "1"), environment: ["CNN_TRAIN_FAULT": "kill:compute:1:199"])
        #expect(outcome.status == 137)
        for start in 1...2 {
            #expect(outcome.errors.contains("\n  start \(start), after step "), "\(outcome.errors)")
        }
        let events = try events()
        try #require(events.map(\.event) == ["start", "failure", "start", "failure", "give_up"])
        #expect(events[4].exit_code == 137 && events[4].reason?.contains("--max-restarts") == true)
    }

    @Test(
        "a supervised run saves its state and leaves when it is asked to, to go on later",
        arguments: [SIGTERM, SIGUSR1])
    func leaves(_ number: Int32) throws {
        let calm = try Self.calmDigest.get()
        var job: String?
        let left = try commands.run(
            supervised(), signal: number,
            killedWhen: {
                job = job ?? self.job
                return isSaved
            })
        #expect(left.status == 75, "\(left.errors)")
        let events = try events()
        try #require(events.map(\.event) == ["start", "signal", "preempted"])
        #expect(events[1].signal == number && events[2].exit_code == 75)
        #expect(try isClean(job))
        let resumed = try commands.run(supervised() + ["--resume"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(digest(output) == calm)
    }

    @Test("a supervised run ends at once at a second signal")
    func endsAtOnce() throws {
        var job: String?
        let outcome = try commands.run(
            supervised(epochs: 1000), signal: SIGTERM, secondSignal: SIGINT,
            killedWhen: {
                job = job ?? self.job
                return isSaved
            })
        // Which of two signals is the first is for the system to say.
        #expect([128 + SIGINT, 128 + SIGTERM, 75].contains(outcome.status), "\(outcome.errors)")
        #expect(try isClean(job))
    }

    @Test("a supervised run leaves nothing behind when its supervisor is killed")
    func supervisorKilled() throws {
        var job: String?
        let outcome = try commands.run(
            supervised(epochs: 1000), signal: SIGKILL,
            killedWhen: {
                job = job ?? self.job
                return isSaved
            })
        #expect(outcome.status != 0)
        #expect(try isClean(job))
    }

    @Test("a supervised run goes on when the agent on a host is killed, which counts as the host's end")
    func agentKilled() throws {
        let calm = try Self.calmDigest.get()
        var agent: pid_t?
        let outcome = try commands.run(
            supervised(),
            killedWhen: {
                guard agent == nil, isSaved, let job else { return false }
                let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
                agent = all.compactMap { pid_t($0) }.first { id in
                    let words = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
                    return words.range(of: Data("host-agent\0--job\0\(job)".utf8)) != nil
                }
                if let agent { kill(agent, SIGKILL) }
                return false
            })
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(digest(output) == calm)
        let events = try events()
        try #require(events.map(\.event) == ["start", "host_lost", "failure", "host_back", "start", "finished"])
        #expect(events[1].host == "localhost" && events[1].reason?.hasPrefix("its agent has ended") == true)
    }

    @Test("a supervised run is refused where it could not go on, in words")
    func refusals() throws {
        for (arguments, words) in [
            (["-n", "2", "--supervise", "bench", "--model", "lenet"], "--supervise is for training"),
            (["-n", "2", "--supervise", "train", "--config", "/dev/stdin"], "can be read only once"),
            (["--supervise", "train", "--model", "lenet"], "how many ranks"),
            (["-n", "2", "--max-restarts", "3", "train"], "--max-restarts is for --supervise"),
            (["-n", "2", "--supervise", "--heartbeat", "0s", "train"], "--heartbeat is 0s"),
            (["-n", "2", "--supervise", "train", "--modle", "lenet"], "--modle"),
        ] {
            let outcome = try commands.run(["launch"] + arguments)
            #expect(outcome.status != 0 && outcome.status != 124)
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
            #expect(!outcome.errors.contains("mpirun -n"))
        }
    }

    @Test("a supervised run leaves no folder behind that it chose by itself and in which nothing began")
    func emptyFolder() throws {
        let outcome = try commands.run("launch", "-n", "1", "--supervise", "train", "--model", "resnet81")
        #expect(outcome.status == 1 && outcome.errors.contains("resnet81"), "\(outcome.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: commands.folder + "/runs").isEmpty)
    }
}
