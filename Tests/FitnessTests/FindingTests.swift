import Launching
import Machine
import Testing

@testable import Fitness

@Suite("Checks of a machine") struct FindingTests {
    @Test("too little memory is a problem, little a warning, and each says what to do")
    func bytes() {
        let memory = [MemoryCheck.least - 1, MemoryCheck.least, MemoryCheck.enough].map {
            MemoryCheck.finding(available: $0, ranks: 2)
        }
        #expect(memory.map(\.verdict) == [.problem, .warning, .ok])
        #expect(memory[1].found == "128 MiB for each of 2 ranks" && memory[1].needed?.hasPrefix("1.0 GiB") == true)
        #expect(memory.map { $0.remedy == nil } == [false, false, true])
        #expect(memory[0].words.contains("; needed: at least 128 MiB a rank (`cnn-train summary"))
    }

    @Test("/dev/shm has to hold what each rank takes of it")
    func sharedMemory() {
        func verdict(_ free: Int?, _ ranks: Int) -> Finding.Verdict {
            SharedMemoryCheck.finding(free: free, ranks: ranks).verdict
        }
        #expect(verdict(64 << 20, 8) == .warning && verdict(64 << 20, 9) == .problem)
        #expect(verdict(1 << 30, 9) == .ok && verdict(nil, 1) == .problem)
        #expect(SharedMemoryCheck.finding(free: 1, ranks: 1).words.contains("--shm-size"))
    }

    @Test("a processor without AVX2, and one with fewer cores than ranks, is warned of")
    func processor() {
        let old = ProcessorCheck(cores: 4, hasAVX2: false, hasAVX512: false)
        #expect(old.finding(ranks: 1).verdict == .warning)
        let new = ProcessorCheck(cores: 4, hasAVX2: true, hasAVX512: true)
        #expect(new.finding(ranks: 4) == .ok("processor", "4 cores with AVX-512"))
        #expect(new.finding(ranks: 5).verdict == .warning)
    }

    @Test("limits of files and threads are held against what a run takes")
    func limits() {
        #expect([63, 64, 1023, 1024].map { LimitsCheck.ofFiles($0).verdict } == [.problem, .warning, .warning, .ok])
        #expect(LimitsCheck.ofFileSize(nil).verdict == .ok)
        let sizes = [(8 << 20) - 1, 8 << 20, 2 << 30]
        #expect(sizes.map { LimitsCheck.ofFileSize($0).verdict } == [.problem, .warning, .ok])
        let most = 30
        func refuse(_ count: Int) throws(ThreadError) {
            if count > most { throw ThreadError.refused(name: "check", limit: "pids.max is \(most)") }
        }
        #expect(LimitsCheck.ofThreads(30, trial: refuse).verdict == .ok)
        let refused = LimitsCheck.ofThreads(31, trial: refuse)
        #expect(refused.verdict == .problem && refused.found.contains("pids.max is 30"))
    }

    @Test("a disk that is full or another's is a problem")
    func disk() {
        #expect(DiskCheck.finding(path: "runs", free: DiskCheck.enough, refusal: nil).verdict == .ok)
        #expect(DiskCheck.finding(path: "runs", free: DiskCheck.least, refusal: nil).verdict == .warning)
        #expect(DiskCheck.finding(path: "runs", free: 0, refusal: nil).verdict == .problem)
        #expect(DiskCheck.finding(path: "runs", free: 1 << 40, refusal: "Permission denied").verdict == .problem)
        #expect(DiskCheck.finding(of: "/proc/a/b/c").verdict == .problem)
    }
}

@Suite("The check of mpirun") struct LauncherCheckTests {
    private let check = LauncherCheck(library: "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4")

    @Test(
        "an mpirun of the program's own MPI is fine, another version is not",
        arguments: [
            ("mpirun (Open MPI) 4.1.4\n\nReport bugs to …", Finding.Verdict.ok),
            ("mpirun (Open MPI) 4.1.6", .warning), ("mpirun (Open MPI) 5.0.3", .problem),
            ("Intel(R) MPI Library for Linux, Version 2021.9", .warning), ("", .warning), (nil, .problem),
        ] as [(String?, Finding.Verdict)])
    func version(said: String?, verdict: Finding.Verdict) {
        #expect(check.finding(said: said).verdict == verdict)
    }

    @Test("ranks that do not meet are a problem, with the first words of mpirun")
    func meeting() {
        func finding(_ ending: ProgramRun.Ending?) -> Finding {
            LauncherCheck.finding(
                "ranks", ranks: 2, ending, errors: "\n-----\nno route to host\nWe apologize.\n", remedy: "Do it.")
        }
        #expect(finding(.code(0)) == .ok("ranks", "2 ranks start and meet"))
        #expect(finding(.code(1)).found == "mpirun ends with 1: no route to host")
        #expect([finding(.signal(9)), finding(.timeout), finding(nil)].allSatisfy { $0.verdict == .problem })
    }
}
