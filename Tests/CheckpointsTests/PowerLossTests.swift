import CheckpointFaults
import Testing

@testable import Checkpoints

@Suite("A loss of power at any moment") struct PowerLossTests {
    /// Complaints of all outcomes of all moments, and how many there were.
    private func complaints(
        _ run: SavingRun, _ intervene: @escaping @Sendable (Int, FileCall) -> Intervention
    ) -> (all: Int, [String]) {
        let disk = MemoryDisk()
        var promised: [Int] = []
        _ = run.tell(on: InterceptedFiles(disk, intervene)) { _ in promised.append(disk.history.count) }
        var cases = 0
        var complaints: [String] = []
        for (moment, image) in disk.history.enumerated() {
            let announced = promised.count { $0 <= moment + 1 }
            for outcome in image.afterPowerLoss(most: 600, seed: UInt64(moment)) {
                cases += 1
                let complaint = run.complaint(MemoryDisk(outcome), announced: announced)
                if let complaint { complaints.append("moment \(moment): \(complaint)") }
            }
        }
        return (cases, complaints)
    }

    @Test("after a loss of power at any moment the newest promised state is there, or the one after it")
    func everyMoment() {
        let (cases, complaints) = complaints(.long) { _, _ in .none }
        #expect(complaints.isEmpty, "\(complaints.count) of \(cases): \(complaints.first ?? "")")
        // docs/reliability.md says how many.
        #expect(cases > 3000)
    }

    @Test(
        "a file or folder that is not flushed is noticed by the test of power losses",
        arguments: [FileCall.synchronize, .synchronizeFolder])
    func sharpness(_ call: FileCall) {
        #expect(!complaints(.usual) { _, each in each == call ? .ignore : .none }.1.isEmpty)
    }
}
