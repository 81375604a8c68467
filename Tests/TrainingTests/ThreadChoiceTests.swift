import Foundation
import Glibc
import Machine
import Terminal
import Testing

@testable import Training

@Suite struct ThreadChoiceTests {
    @Test(
        "ranks share the cores evenly, at least one thread each",
        arguments: [
            // (ranks on the machine, its cores, threads a rank)
            (1, 1, 1), (1, 2, 2), (1, 96, 96), (2, 2, 1), (2, 96, 48), (3, 8, 2), (8, 8, 1), (8, 2, 1), (96, 96, 1),
        ])
    func share(localRanks: Int, cores: Int, threads: Int) {
        let choice = ThreadChoice(asked: nil, localRanks: localRanks, cores: cores)
        #expect(choice.threads == threads)
        #expect(choice.isOversubscribed == (localRanks > cores))
    }

    @Test("the threads that the user asks for win, and too many are noticed")
    func asked() {
        let choice = ThreadChoice(asked: 3, localRanks: 2, cores: 4)
        #expect(choice.threads == 3)
        #expect(choice.isOversubscribed)
        #expect(!ThreadChoice(asked: 2, localRanks: 2, cores: 4).isOversubscribed)
    }

    @Test("the choice says what it is and why")
    func description() {
        #expect("\(ThreadChoice(asked: nil, localRanks: 2, cores: 8))" == "4 threads a rank (2 ranks on 8 cores)")
        #expect("\(ThreadChoice(asked: 1, localRanks: 1, cores: 1))" == "1 thread a rank (1 rank on 1 core, as asked)")
    }

    @Test(
        "lists of cores are understood",
        arguments: [("0-3\n", [0, 1, 2, 3]), ("0,2-3,7", [0, 2, 3, 7]), ("5", [5]), ("\n", []), ("3-1", [])])
    func list(text: String, cores: [Int]) {
        #expect(MachineCores.cpuList(text) == cores)
    }

    @Test(
        "a quota counts in whole cores, and gives no more than there are",
        arguments: [(nil, 4), ("200000 100000", 2), ("150000 100000", 2), ("1000 100000", 1), ("900000 100000", 4)])
    func quota(text: String?, cores: Int) throws {
        let folder = try TemporaryFolder()
        func write(_ path: String, _ text: String) throws {
            let file = URL(fileURLWithPath: folder.path + path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        try write("/proc/self/cgroup", "0::/a\n")
        try write("/proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        if let text { try write("/sys/fs/cgroup/a/cpu.max", text + "\n") }
        #expect(MachineCores.count(allowed: 4, ControlGroups(root: folder.path)) == cores)
    }

    @Test("this machine has a core")
    func here() {
        #expect(MachineCores.count >= 1 && !MachineCores.allowed.isEmpty)
    }

    @Test("the program that started this process is its launcher, and its cores are the job's")
    func launcher() throws {
        let cores = try #require(MachineCores.launcherAffinity())
        #expect(!cores.isEmpty)
        let parent = getppid()
        if !Launcher.isPresent { #expect(cores == MachineCores.affinity(of: parent)) }
    }

    @Test(
        "a process's parent is found behind whatever name",
        arguments: [
            ("123 (mpirun) S 17 123 1", 17), ("123 (a (b) 9 c) R 4 5", 4), ("123 mpirun", nil), ("", nil),
            ("1 (x) S", nil),
        ])
    func parent(stat: String, number: Int32?) {
        #expect(MachineCores.parent(stat: stat) == number)
    }

    @Test("a launcher is known by what it says in the environment")
    func environment() {
        #expect(Launcher.isNamed(inEnvironment: "HOME=/\0PMIX_RANK=0\0"))
        #expect(Launcher.isNamed(inEnvironment: "OMPI_COMM_WORLD_SIZE=2"))
        #expect(!Launcher.isNamed(inEnvironment: "HOME=PMIX_RANK=\0OMPI_COMM_WORLD_SIZES=2\0"))
    }
}

@Suite struct WordingTests {
    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (11_689_512, "11,689,512"), (-1234, "-1,234")])
    func grouped(number: Int, words: String) { #expect(Wording.grouped(number) == words) }

    @Test(arguments: [(1.81e9, "1.81 G"), (416_520, "417 k"), (7.98e6, "7.98 M"), (12, "12.0"), (9.9999e8, "1.00 G")])
    func scaled(number: Double, words: String) { #expect(Wording.scaled(number) == words) }

    @Test(
        arguments: [
            (0, "0s"), (59.4, "59s"), (60, "1m00s"), (187, "3m07s"), (7500, "2h05m"), (200_000, "2d07h"),
            (.infinity, "-"),
        ])
    func duration(seconds: Double, words: String) { #expect(Wording.duration(seconds: seconds) == words) }

    @Test(arguments: [
        (0.05123, "0.051"), (6.4449, "6.44"), (22_900.4, "22,900"), (14.06, "14.1"), (0.000616, "6.16e-04"),
        (1e38, "1.00e+38"),
    ])
    func significant(number: Double, words: String) { #expect(Wording.significant(number) == words) }
}
