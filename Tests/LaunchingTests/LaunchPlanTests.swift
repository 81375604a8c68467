import Testing

@testable import Launching

@Suite struct LaunchPlanTests {
    private func plan(
        _ ranks: Int?, _ machines: LaunchPlan.Machines = .here, _ change: (inout Surroundings) -> Void = { _ in }
    ) throws -> String {
        var surroundings = Surroundings()
        surroundings.cores = 4
        change(&surroundings)
        return try LaunchPlan(ranks: ranks, machines: machines, surroundings: surroundings).launcher.joined(
            separator: " ")
    }

    @Test("ranks beyond the cores of this machine are asked for in the way that Open MPI wants")
    func oversubscription() throws {
        #expect(try plan(4).hasPrefix("mpirun -n 4 --map-by node --bind-to none --stdin none --mca "))
        #expect(try plan(5).hasPrefix("mpirun -n 5 --oversubscribe --map-by node"))
        // A batch system's job has other machines than this one.
        #expect(try !plan(5) { $0.isAllocated = true }.contains("oversubscribe"))
        #expect(try plan(nil) { $0.isAllocated = true }.hasPrefix("mpirun --map-by"))
    }

    @Test("root and filtered containers get what they need, and nobody else does")
    func surroundings() throws {
        #expect(try plan(1) { $0.isRoot = true }.contains(" --allow-run-as-root "))
        #expect(try plan(1) { $0.isFiltered = true }.hasSuffix("--mca btl_vader_single_copy_mechanism none"))
        let plain = try plan(1)
        #expect(!plain.contains("root") && !plain.contains("single_copy") && !plain.contains("include"))
    }

    @Test("no rank gets standard input but where the command reads it")
    func standardInput() throws {
        for uses in [true, false] {
            let plan = try LaunchPlan(
                ranks: 2, machines: .here, surroundings: Surroundings(), usesStandardInput: uses)
            #expect(plan.launcher.joined(separator: " ").contains(" --stdin none") != uses)
        }
    }

    @Test("what the user has set in the environment stays")
    func ownParameters() throws {
        #expect(try plan(1).contains("mpi_yield_when_idle"))
        #expect(try !plan(1) { $0.ownParameters = ["mpi_yield_when_idle"] }.contains("mpi_yield_when_idle"))
    }

    @Test(
        "hosts take what is said, and share the rest",
        arguments: [
            (nil, "a:4,b:4", "-n 8 --host a:4,b:4"), (6, "a:4,b:4", "-n 6 --host a:4,b:4"),
            (5, "a,b", "-n 5 --host a:3,b:2"),
            (8, "a:2,b,c", "-n 8 --host a:2,b:3,c:3"), (1, "a", "-n 1 --host a:1"),
        ] as [(Int?, String, String)])
    func hosts(ranks: Int?, hosts: String, call: String) throws {
        #expect(try plan(ranks, .hosts(HostList(parsing: hosts))).hasPrefix("mpirun \(call) --map-by"))
    }

    @Test("ranks and hosts that do not go together are refused")
    func refusals() {
        #expect(throws: LaunchError.tooFewSlots(ranks: 9, slots: 8)) {
            try plan(9, .hosts(HostList(parsing: "a:4,b:4")))
        }
        #expect(throws: LaunchError.ranksUnknown) { try plan(nil, .hosts(HostList(parsing: "a:4,b"))) }
        #expect(throws: LaunchError.ranksUnknown) { try plan(nil) }
        for text in ["", "a,,b", "a:0", "a:x", "a:1:2", "a b", "a,a:2", "me@a", "::1", "a_b", "a:1000001"] {
            #expect(throws: LaunchError.self) { try HostList(parsing: text) }
        }
    }

    @Test("a hostfile is read as Open MPI reads it")
    func hostfile() throws {
        let path = try temporaryFile("# racks\nnode1 slots=4 max_slots=8\n\nme@node2 slots=2 # spare\n")
        defer { remove(path) }
        let list = try Hostfile(contentsOf: path).hosts
        #expect(list == HostList([Host("node1", slots: 4), Host("me@node2", slots: 2)]))
        #expect(try plan(nil, .hostfile(path: path, list)).hasPrefix("mpirun -n 6 --hostfile \(path) --map-by"))
        #expect(throws: LaunchError.tooFewSlots(ranks: 7, slots: 6)) { try plan(7, .hostfile(path: path, list)) }
        let other = try temporaryFile("node1\n")
        defer { remove(other) }
        #expect(throws: LaunchError.ranksUnknown) { try plan(nil, .init(hostfile: other)) }
        #expect(throws: LaunchError.self) { try Hostfile(contentsOf: "/none") }
    }

    @Test("hosts that are on one network with this machine talk over it, by whatever name their interfaces go")
    func network() throws {
        // Docker's bridge, the cluster's network, and a way out.
        let routes = """
            Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
            eth0 00000000 0100010A 0003 0 0 0 00000000 0 0 0
            docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0
            eth0 0000010A 00000000 0001 0 0 0 00FFFFFF 0 0 0
            """
        let networks = Subnet.direct(routes: routes)
        #expect(networks.map(\.description) == ["172.17.0.0/16", "10.1.0.0/24"])
        let hosts = LaunchPlan.Machines.hosts(
            HostList([Host("a", slots: 1), Host("b", slots: 1), Host("c", slots: 1)]))
        func call(_ addresses: [String: String]) throws -> String {
            try plan(nil, hosts) {
                $0.networks = networks
                $0.addresses = addresses.mapValues { [IPv4Address($0)].compactMap(\.self) }
            }
        }
        let near = try call(["a": "127.0.1.1", "b": "10.1.0.2", "c": "10.1.0.77"])
        #expect(near.contains("--mca btl_tcp_if_include 10.1.0.0/24 --mca oob_tcp_if_include 10.1.0.0/24"))
        // Behind a router, or of unknown address: Open MPI finds its own way.
        for far in ["10.2.0.1", "", "1.2.3"] {
            #expect(try !call(["a": "10.1.0.1", "b": "10.1.0.2", "c": far]).contains("include"))
        }
        #expect(try !call(["a": "127.0.0.1", "b": "127.0.0.1", "c": "127.0.0.1"]).contains("include"))
    }

    @Test("only jobs on other machines carry the environment there")
    func exported() throws {
        let set = { (surroundings: inout Surroundings) in surroundings.exported = ["LD_LIBRARY_PATH"] }
        #expect(try plan(nil, .hosts(HostList(parsing: "a:1")), set).hasSuffix(" -x LD_LIBRARY_PATH"))
        #expect(try !plan(1, .here, set).contains("-x"))
    }

    @Test("a call is printed as a shell takes it")
    func shell() {
        let call = ["mpirun", "-n", "2", "/my programs/cnn-train", "--output", "it's", ""]
        #expect(LaunchPlan.shellWords(call) == #"mpirun -n 2 '/my programs/cnn-train' --output 'it'\''s' ''"#)
    }

    @Test(
        "a filter of system calls is seen", arguments: [("Seccomp:\t2\n", true), ("Seccomp:\t0\n", false), ("", false)])
    func filter(status: String, isThere: Bool) {
        #expect(Surroundings.hasFilter(status: "Name:\tx\n" + status) == isThere)
    }
}
