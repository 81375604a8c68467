import Runs
import Testing

@testable import Launching

@Suite("The command of a supervised run") struct SupervisedCommandTests {
    @Test(
        "a supervised command goes on from what was saved when it starts again, whatever it said of that",
        arguments: [
            (
                ["train", "--model", "lenet"], "train --model lenet --output o",
                "train --model lenet --output o --resume=auto"
            ),
            (["--model=lenet"], "train --model=lenet --output o", "train --model=lenet --output o --resume=auto"),
            (
                ["train", "--resume", "x"], "train --resume x --output o",
                "train --resume x --output o --resume=auto"
            ),
            (
                ["train", "--strict", "--"], "train --strict --output o --",
                "train --strict --output o --resume=auto --"
            ),
            ([], "train --output o", "train --output o --resume=auto"),
            (
                ["train", "--set", "resume=x", "--set", "lr=1", "--set=resume=y"],
                "train --set resume=x --set lr=1 --set=resume=y --output o",
                "train --set lr=1 --output o --resume=auto"
            ),
        ])
    func words(given: [String], first: String, again: String) {
        let command = SupervisedCommand(given, additions: ["--output", "o"])
        #expect(command.words(goesOn: false).joined(separator: " ") == first)
        #expect(command.words(goesOn: true).joined(separator: " ") == again)
    }

    @Test("a supervised command starts on other hosts by the user's remote shell, else by ssh, which never asks")
    func shells() {
        func call(_ agent: String?, _ arguments: String? = nil) -> String {
            RemoteShell(agent: agent, arguments: arguments).call(host: "me@b", ["/opt/c t", "x"]).joined(separator: " ")
        }
        let quick = "-o BatchMode=yes -o ConnectTimeout=3"
        #expect(call(nil) == "ssh \(quick) me@b '/opt/c t' x")
        #expect(call("ssh -i k : rsh") == "ssh -i k \(quick) me@b '/opt/c t' x")
        #expect(call("/usr/bin/ssh", "-p 2") == "/usr/bin/ssh -p 2 \(quick) me@b '/opt/c t' x")
        #expect(call("/etc/mpi/kubexec.sh") == "/etc/mpi/kubexec.sh me@b '/opt/c t' x")
    }

    @Test("a supervised command has its environment on other hosts where it needs one")
    func variables() {
        let call = RemoteShell(agent: "rsh", arguments: nil)
            .call(host: "b", ["c"], variables: [("LD_LIBRARY_PATH", "/a b")])
        #expect(call == ["rsh", "b", "env 'LD_LIBRARY_PATH=/a b' c"])
    }

    @Test("a supervised command is launched so that failed ranks end others at once, and what they leave is found")
    func plan() throws {
        let job = SupervisedJob()
        var surroundings = Surroundings()
        surroundings.exported = ["CNN_TRAIN_X"]
        let hosts = try HostList(parsing: "a:1,b:1")
        func words() throws -> String {
            try LaunchPlan(ranks: 2, machines: .hosts(hosts), surroundings: surroundings, job: job).launcher
                .joined(separator: " ")
        }
        for parameter in [
            "--mca odls_base_sigkill_timeout 0", "--mca btl_vader_backing_directory /dev/shm/cnn-job-\(job.id)",
            "--mca orte_tmpdir_base /tmp/cnn-job-\(job.id)", "-x CNN_TRAIN_X -x CNN_TRAIN_JOB -x SWIFT_BACKTRACE",
        ] {
            #expect(try words().contains(parameter))
        }
        surroundings.ownParameters = ["orte_tmpdir_base"]
        #expect(try !words().contains("orte_tmpdir_base"))
        let calm = try LaunchPlan(ranks: 2, machines: .hosts(hosts), surroundings: surroundings)
        #expect(!calm.launcher.contains("odls_base_sigkill_timeout"))
        surroundings.ownParameters = ["plm_rsh_agent"]
        let reached = try LaunchPlan(
            ranks: 2, machines: .hosts(hosts), surroundings: surroundings, job: job, remoteShell: "/a/c host-shell 1")
        #expect(reached.launcher.contains("/a/c host-shell 1"))
    }

    @Test("runs on this machine by any of its names and addresses, and on others not")
    func here() {
        var surroundings = Surroundings()
        surroundings.ownAddresses = [IPv4Address(bits: 0x0A00_0001)]
        surroundings.addresses = [
            "own": [IPv4Address(bits: 0x0A00_0001)], "loop": [IPv4Address(bits: 0x7F00_0101)],
            "other": [IPv4Address(bits: 0x0A00_0002)], "lost": [],
        ]
        #expect(
            ["own", "loop", "other", "lost", "unknown"].map { surroundings.isHere(Host($0)) } == [
                true, true, false, false, false,
            ])
        let here = Surroundings.here(cores: 1, hosts: [Host("localhost")])
        #expect(here.isHere(Host("localhost")) && here.ownAddresses.contains { $0.isLoopback })
    }
}
