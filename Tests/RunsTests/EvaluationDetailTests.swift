import Foundation
import Testing

@testable import Runs

@Suite("The file of an evaluation's details")
struct EvaluationDetailFileTests {
    private var detail: EvaluationDetail {
        var detail = EvaluationDetail(
            epoch: 2, step: 20, samples: 3, loss: 0.1, accuracy: 2.0 / 3, classes: ["a,b", "say \"x\"", "</script>"])
        detail.confusion = [[0, 0, 1], [1, 2, 1], [2, 2, 1]]
        detail.classAccuracy = [1, 0, nil]
        detail.wrong = [
            EvaluationDetail.Picture(
                sample: 1, name: "x/\u{1}\n.png", label: 1, predicted: 2, probability: 0.5, loss: 1, picture: "data:,")
        ]
        detail.calibrationError = 0.25
        return detail
    }

    @Test("the file of an evaluation's details has keys in snake case and reads back as what it was")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/evaluation.json"
        try detail.write(to: path)
        #expect(try EvaluationDetail(contentsOf: path) == detail)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("\"calibration_error\":0.25") && text.contains("\"class_accuracy\":[1,0,null]"))
    }

    @Test("the file of an evaluation's details gives a CSV table whose fields are quoted where they need it")
    func table() {
        #expect(
            detail.confusionCSV
                == "label,\"a,b\",\"say \"\"x\"\"\",</script>\r\n\"a,b\",1,0,0\r\n"
                + "\"say \"\"x\"\"\",0,0,1\r\n</script>,0,0,1\r\n"
        )
    }

    @Test("a file of details that cannot be written is named")
    func unwritable() {
        #expect { try detail.write(to: "/nonexistent/evaluation.json") } throws: { error in
            guard case RunError.cannotWrite("/nonexistent/evaluation.json", _) = error else { return false }
            return true
        }
    }
}
