import CommandSupport
import Foundation
import TestSupport
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
        #expect(page.components(separatedBy: "<article class=\"card\">").count == 1 + 8 + 2 + 1)
        #expect(page.components(separatedBy: "<img src=\"data:image/png;base64,").count == 1 + 2 * 11)
        #expect(page.contains("&lt;img src=x onerror=alert(1)&gt; &amp; &quot;q&quot;.png") && !page.contains(odd))
        #expect(!page.contains("<img src=x") && !page.contains("://") && !page.contains("<script"))
        #expect(page.contains("alt=\"photos/discs/0.png, as the network is shown it\""))
        let rows = try text("seen.csv").components(separatedBy: "\r\n")
        #expect(rows[0] == "picture,class_1,probability_1,class_2,probability_2,class_3,probability_3,error")
        #expect(rows.count == 1 + 11 + 1 && rows[1].hasPrefix("photos/discs/0.png,"))
        #expect(rows[11].hasPrefix("\"<img src=x onerror=alert(1)> & \"\"q\"\".png\","), "\(rows[11])")
    }

    @Test(
        "a browser shows the page with the numbers of the table, on a phone and a wide screen, in light and dark",
        .enabled(if: Browser.isInstalled, Comment(rawValue: Browser.missing)))
    func shown() throws {
        try train("resnet18", imageSize: 64)
        let odd = "<script>alert(1)</script> & a rather long name of a picture, of which nobody knows why.png"
        try commands.write(DrawnPhotographs.png(of: 1, number: 99), to: odd.replacing("/", with: ":"))
        let outcome = try commands.run(
            "predict", "--checkpoint", "run", "photos/discs", odd.replacing("/", with: ":"), "--html", "seen.html",
            "--csv", "seen.csv")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let cells = try text("seen.csv").components(separatedBy: "\r\n").dropFirst().dropLast().flatMap { row in
            // Names of pictures may have commas, what follows them has none.
            row.split(separator: ",", omittingEmptySubsequences: false).suffix(7).dropLast()
        }
        let path = commands.folder + "/seen.html"
        for (width, isDark) in [(375, false), (375, true), (1600, false), (1600, true)] {
            let view = try Browser.look(at: path, width: width, isDark: isDark)
            #expect(view.complaints.isEmpty && view.overflow == 0 && view.nameless.isEmpty)
            #expect(view.pale.isEmpty && view.texts > 9 * 8)
            #expect(view.requests.filter { !$0.hasPrefix("data:") } == [URL(filePath: path).absoluteString])
            #expect(view.pictures.count == 2 * 9 && view.pictures.allSatisfy { $0.width == 64 && !$0.alt.isEmpty })
            #expect(view.background == (isDark ? "rgb(14, 17, 22)" : "rgb(246, 247, 249)"))
            #expect(view.bars.count == 9 * 3)
            for (place, bar) in view.bars.enumerated() {
                let probability = try #require(Double(cells[2 * place + 1]))
                #expect(bar.name == cells[2 * place] && abs(bar.share - probability) < 0.01)
                #expect(view.rows[place][2] == String(format: "%.2f %%", probability * 100))
            }
        }
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
