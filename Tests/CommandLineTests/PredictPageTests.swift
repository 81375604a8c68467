import Foundation
import Testing

@Suite("cnn-train predict --html and --csv", .serialized)
struct PredictPageTests {
    private let commands: Commands

    init() throws {
        commands = try Commands()
        try DrawnPhotographs.write([8, 8, 8], to: commands.folder + "/photos", side: 64)
    }

    /// Two steps of a network on the photographs.
    private func train(_ model: String, imageSize: Int) throws {
        let outcome = try commands.run(
            "--model", model, "--data", "photos", "--image-size", "\(imageSize)", "--batch-size", "8", "--steps", "2",
            "--output", "run")
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: commands.folder + "/" + name, encoding: .utf8)
    }

    @Test("the page has every picture, its classes and where the network looks, and needs nothing else")
    func page() throws {
        try train("resnet18", imageSize: 64)
        let odd = "<img src=x onerror=alert(1)> & \"q\".png"
        try commands.write(DrawnPhotographs.png(of: 1, number: 99), to: odd)
        let outcome = try commands.run(
            "predict", "--checkpoint", "run", "photos/discs", "photos/cross*/[12].png", odd, "--html", "seen.html",
            "--csv", "seen.csv")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let page = try text("seen.html")
        #expect(page.components(separatedBy: "<article>").count == 1 + 8 + 2 + 1)
        #expect(page.components(separatedBy: "<img src=\"data:image/png;base64,").count == 1 + 2 * 11)
        #expect(page.contains("&lt;img src=x onerror=alert(1)&gt; &amp; &quot;q&quot;.png") && !page.contains(odd))
        #expect(!page.contains("<img src=x") && !page.contains("http") && !page.contains("<script"))
        #expect(page.contains("alt=\"photos/discs/0.png, as the network is shown it\""))
        #expect(page.contains("prefers-color-scheme: dark") && page.contains("width=device-width"))
        let rows = try text("seen.csv").components(separatedBy: "\r\n")
        #expect(rows[0] == "picture,class_1,probability_1,class_2,probability_2,class_3,probability_3,error")
        #expect(rows.count == 1 + 11 + 1 && rows[1].hasPrefix("photos/discs/0.png,"))
        #expect(rows[11].hasPrefix("\"<img src=x onerror=alert(1)> & \"\"q\"\".png\","), "\(rows[11])")
    }

    @Test("a network that does not end in a global average has no maps, and the page says why")
    func withoutMaps() throws {
        try train("lenet_bn", imageSize: 32)
        try commands.write(Array("no picture".utf8), to: "broken.png")
        let outcome = try commands.run(
            "predict", "--checkpoint", "run", "photos/discs/1.png", "broken.png", "--html", "seen.html", "--csv",
            "s.csv")
        #expect(outcome.status != 0)
        let page = try text("seen.html")
        #expect(page.contains("No maps of where it looks: lenet_bn does not end in"), "\(page.prefix(4000))")
        #expect(page.components(separatedBy: "<img ").count == 2)
        #expect(try text("s.csv").contains("\r\nbroken.png,,,,,,,"))
    }

    @Test("a folder without pictures and a pattern that no file has are named")
    func nothing() throws {
        try train("lenet_bn", imageSize: 32)
        try FileManager.default.createDirectory(atPath: commands.folder + "/empty", withIntermediateDirectories: true)
        for path in ["empty", "photos/*.gif"] {
            let outcome = try commands.run("predict", "--checkpoint", "run", path)
            #expect(
                outcome.status == 1 && outcome.errors.contains("\(path) stands for no picture"), "\(outcome.errors)")
        }
    }
}
