import Foundation
import Testing

@testable import Machine

@Suite struct SystemThreadTests {
    @Test("a thread does its work, under its name")
    func work() throws {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var name: String?
        try SystemThread.start("a name of many letters") {
            name = SystemFile.text("/proc/thread-self/comm")
            done.signal()
        }
        done.wait()
        #expect(name == "a name of many \n")
    }

    @Test("threads that were only tried are gone again")
    func require() throws {
        for _ in 0..<100 { try SystemThread.require(20, for: "test") }
    }
}
