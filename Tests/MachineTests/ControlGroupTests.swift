import Testing

@testable import Machine

@Suite struct ControlGroupTests {
    @Test("the smallest CPU quota between a process's own group and the root counts, in version 2")
    func unifiedQuota() throws {
        let system = try FakeSystem.unified(
            group: "/job/step",
            ["/job/cpu.max": "150000 100000\n", "/job/step/cpu.max": "max 100000\n", "/cpu.max": "400000 100000\n"])
        #expect(ControlGroups(root: system.root).cores == 1.5)
    }

    @Test("the smallest CPU quota between a process's own group and the root counts, in version 1")
    func quotaOfVersion1() throws {
        let system = try FakeSystem.version1(
            group: "/job/step",
            [
                "/cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
                "/cpu,cpuacct/job/cpu.cfs_quota_us": "100000\n", "/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
                "/cpu,cpuacct/job/step/cpu.cfs_quota_us": "300000\n",
                "/cpu,cpuacct/job/step/cpu.cfs_period_us": "100000\n",
                // Of a neighbour.
                "/cpu,cpuacct/other/cpu.cfs_quota_us": "1000\n", "/cpu,cpuacct/other/cpu.cfs_period_us": "100000\n",
            ])
        #expect(ControlGroups(root: system.root).cores == 1)
    }

    @Test(
        "a container finds its quota whether its group has the host's name or its own",
        arguments: [
            ("/", "/"), ("/docker/a1", "/docker/a1"), ("/docker/a1", "/"), ("/../..", "/"), ("/", "/docker/a1"),
        ])
    func container(group: String, visible: String) throws {
        let system = try FakeSystem.unified(group: group, visible: visible, ["/cpu.max": "200000 100000\n"])
        #expect(ControlGroups(root: system.root).cores == 2)
    }

    @Test(
        "a control group's text that is no quota means none",
        arguments: ["max 100000\n", "", "100000\n", "a b\n", "-1 100000\n", "100000 0\n"])
    func noQuota(text: String) throws {
        let system = try FakeSystem.unified(group: "/", ["/cpu.max": text])
        #expect(ControlGroups(root: system.root).cores == nil)
    }

    @Test("a system without control groups has no limits")
    func none() throws {
        let groups = ControlGroups(root: try FakeSystem([:]).root)
        #expect(groups.cores == nil && groups.memory.isEmpty && groups.processes.isEmpty && groups.coreList == nil)
    }

    @Test("memory that only caches files counts as free, in both versions")
    func memory() throws {
        let unified = try FakeSystem.unified(
            group: "/a",
            [
                "/a/memory.max": "1000000\n", "/a/memory.current": "700000\n",
                "/a/memory.stat": "anon 100\ninactive_file 300000\nactive_file 50000\n",
            ])
        let limit = try #require(ControlGroups(root: unified.root).memory.first)
        #expect(limit.limit == 1_000_000 && limit.used == 350_000 && limit.path.hasSuffix("/a/memory.max"))
        let version1 = try FakeSystem.version1(
            group: "/a",
            [
                "/memory/a/memory.limit_in_bytes": "1000000\n", "/memory/a/memory.usage_in_bytes": "700000\n",
                "/memory/a/memory.stat": "inactive_file 5\ntotal_inactive_file 300000\ntotal_active_file 50000\n",
                // None.
                "/memory/memory.limit_in_bytes": "9223372036854771712\n", "/memory/memory.usage_in_bytes": "1\n",
            ])
        let limits = ControlGroups(root: version1.root).memory
        #expect(limits.map(\.used) == [350_000])
    }

    @Test("the cores of a group are its own, not those of the root")
    func cores() throws {
        let system = try FakeSystem.unified(
            group: "/a", ["/a/cpuset.cpus.effective": "1\n", "/cpuset.cpus.effective": "0-7\n"])
        #expect(ControlGroups(root: system.root).coreList == "1\n")
    }
}

@Suite struct MemoryCapacityTests {
    @Test("what all ranks of a machine take together is held against the machine and its groups")
    func together() throws {
        let system = try FakeSystem.unified(
            group: "/a", ["/a/memory.max": "1000000000\n", "/a/memory.current": "0\n"])
        let capacity = MemoryCapacity(root: system.root)
        #expect(capacity.shortage(of: 400_000_000, processes: 2) == nil)
        let shortage = try #require(capacity.shortage(of: 600_000_000, processes: 2))
        #expect(shortage.needed == 1_200_000_000 && shortage.available == 1_000_000_000)
        #expect(shortage.limit.hasSuffix("/a/memory.max") && shortage.processes == 2)
        #expect(capacity.shortage(of: 500_000_000, processes: 2, extra: 1) != nil)
    }

    @Test("the limit that leaves least of what is needed is named")
    func tightest() throws {
        let system = try FakeSystem([
            "/proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    1000 kB\nCommitLimit: 700 kB\nCommitted_AS: 300 kB\n",
            "/proc/sys/vm/overcommit_memory": "2\n",
        ])
        let shortage = try #require(MemoryCapacity(root: system.root).shortage(of: 2_000_000))
        #expect(shortage.available == 400 << 10 && shortage.limit == "CommitLimit of /proc/meminfo")
    }

    @Test("numbers too large to be added are too much, not a trap")
    func saturation() throws {
        let system = try FakeSystem(["/proc/meminfo": "MemAvailable: 1000 kB\n"])
        let shortage = try #require(MemoryCapacity(root: system.root).shortage(of: .max, processes: 8, extra: .max))
        #expect(shortage.needed == .max)
    }

    @Test(
        "bytes are told in three digits",
        arguments: [
            (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (300 << 30, "300 GiB"),
            (Int.max, "more than 8 EiB"), (Int.max - 1, "7.9 EiB"),
        ])
    func words(bytes: Int, words: String) { #expect("\(ByteCount(bytes))" == words) }

    @Test("a refusal says what is needed, what is there, and what to do")
    func message() throws {
        let system = try FakeSystem(["/proc/meminfo": "MemAvailable: 1048576 kB\n"])
        let error = #expect(throws: MemoryError.self) {
            try MemoryCapacity(root: system.root).require(3 << 30, for: "a picture", remedy: "Make it smaller")
        }
        #expect(
            "\(try #require(error))"
                == "a picture needs 3.0 GiB of memory, but there are 1.0 GiB (MemAvailable of /proc/meminfo). "
                + "Make it smaller"
        )
    }
}
