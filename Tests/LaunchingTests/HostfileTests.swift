import Foundation
import Testing

@testable import Launching

/// Hostfiles; the expected results are those of mpirun of Open MPI 4.1.4 on the same lines.
@Suite struct HostfileTests {
    private func hosts(_ text: String) throws -> [Launching.Host] {
        try Hostfile(Array(text.utf8), path: "hosts").hosts.hosts
    }

    @Test(
        "a line gives in any of Open MPI's spellings how many ranks its host takes",
        arguments: [
            "a slots=4", "a slots = 4", "a slots= 4", "a\tslots =4", "a\u{b}slots=4\u{c}", "a cpu=4", "a count=4",
            "a slots=4 max_slots=8", "a max-slots=8 slots=4", "a slots=4 slots_max=4", "a max_cpu=4", "a max-slots=4",
            "a count-max=4", "a slots=4 # comment", "a slots=4# comment", "a slots=4 // comment", "# a\n\na slots=04",
            "// a\na slots=4\n", "/* a\nb */ a slots=4\n", "a/* */slots=4", "a\na\na\na", "  a  slots=4  ",
        ])
    func spellings(text: String) throws {
        #expect(try hosts(text) == [Host("a", slots: 4)])
    }

    @Test("the example of a hostfile that comes with the program names its hosts")
    func example() throws {
        let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = try Hostfile(contentsOf: project.appending(path: "launch/hostfile.example").path)
        #expect(file.isReadByLauncher)
        #expect(file.hosts.hosts == [Host("node1", slots: 1), Host("node2", slots: 1), Host("10.0.0.3", slots: 2)])
    }

    @Test("the line ends of Windows and of old Macs end lines", arguments: ["\r\n", "\n", "\r"])
    func lineEnds(end: String) throws {
        let lines = ["node1 slots=2", "", "# racks", "node2 slots=2", "b"].joined(separator: end) + end
        let expected = [Host("node1", slots: 2), Host("node2", slots: 2), Host("b")]
        for mark in ["", "\u{feff}"] {
            let file = try Hostfile(Array((mark + lines).utf8), path: "hosts")
            #expect(file.hosts.hosts == expected)
            #expect(file.isReadByLauncher == (end == "\n" && mark.isEmpty))
        }
    }

    @Test("a file that mpirun does not read is given to it as a list of hosts")
    func windows() throws {
        let path = try temporaryFile("node1 slots=2\r\nnode2 slots=2\r\n")
        defer { remove(path) }
        let machines = try LaunchPlan.Machines(hostfile: path)
        let plan = try LaunchPlan(ranks: nil, machines: machines, surroundings: Surroundings())
        #expect(plan.launcher.starts(with: ["mpirun", "-n", "4", "--host", "node1:2,node2:2"]))
        let other = try temporaryFile("me@node1 slots=2\r\n")
        defer { remove(other) }
        #expect(throws: LaunchError.self) { try LaunchPlan.Machines(hostfile: other) }
    }

    @Test(
        "a line may give the user of its host",
        arguments: ["me@a.b slots=1", "a.b username=me slots=1", "a.b slots=1 user-name = me"])
    func user(text: String) throws {
        #expect(try hosts(text) == [Host("me@a.b", slots: 1)])
    }

    @Test(
        "a line that mpirun would refuse is refused with its number and its word",
        arguments: [
            ("a foo=3", "line 1: 'foo'"), ("b\na Slots=3", "line 2: 'Slots'"), ("a 3", "'3'"),
            ("a slots", "'slots' has no value"),
            ("a slots=", "'slots' has no value"), ("a slots==3", "has no value"), ("a slots=0", "'slots=0'"),
            ("a slots=-2", "'slots=-2'"), ("a slots=2x", "'slots=2x'"), ("a slots=99999999999", "'slots=99999999999'"),
            ("a slots=2 slots=3", "a second time"), ("a slots=5 max_slots=4", "no more than 4"), ("a:3", "'a:3'"),
            ("::1 slots=3", "'::1'"), ("^a", "'^a'"), ("+n0", "'+n0'"), ("\"a\"", "'\"a\"'"), ("a,", "'a,'"),
            ("node_1", "'node_1'"), ("-a", "'-a'"), ("ä", "'ä'"), ("@a", "'@a'"), ("a@b@c", "'a@b@c'"),
            ("a slots=2\nb\na slots=1", "line 3: a is there a second time"), ("a\na slots=2", "line 2: a is there"),
            ("a slots=1\na", "line 2: a is there"), ("rank 0=a slot=0", "line 1: '0'"), ("a sockets=2", "'sockets'"),
            ("", "names no host"), ("\r\n# a\r\n", "names no host"),
        ])
    func refusals(text: String, words: String) throws {
        let error = try #require(throws: LaunchError.self) { try hosts(text) }
        #expect(error.description.contains(words), "\(error)")
    }
}
