import Checkpoints
import Files
import Runs
import Terminal

/// Charts as files by themselves, for papers and slides.
package enum ChartFiles {
    package enum Format: String, CaseIterable, Sendable {
        case svg
        case png
    }

    /// Pixels of a PNG picture for each of a chart's units: 300 an inch at a paper's column of 3.5 inches.
    private static let pixelsPerUnit = 2.5

    /// Writes every chart of a run, or of several runs in comparison.
    ///
    /// - Returns: the paths of the files.
    /// - Throws: `ReportError`
    package static func write(_ histories: [RunHistory], to folder: String, as format: Format) throws(ReportError)
        -> [String]
    {
        let charts: [any Chart] =
            histories.count == 1 ? histories.flatMap { RunCharts($0).all } : ComparisonCharts(histories).all
        do throws(FileError) {
            try makeFolders(folder)
        } catch {
            throw .cannotWrite(path: folder, reason: error.reason)
        }
        var paths: [String] = []
        for chart in charts {
            let path = "\(folder)/\(chart.id).\(format.rawValue)"
            switch format {
            case .svg: try save(chart.svgFile(), to: path)
            case .png: try draw(chart, to: path)
            }
            paths.append(path)
        }
        return paths
    }

    /// Writes a text whole or not at all.
    package static func save(_ text: String, to path: String) throws(ReportError) {
        do throws(CheckpointError) {
            try writeFile(text, to: path)
        } catch {
            throw .cannotWrite(path: path, reason: error.reason)
        }
    }

    private static func draw(_ chart: some Chart, to path: String) throws(ReportError) {
        let size = chart.plotSize
        var canvas = try PNGCanvas(
            width: size.width, height: size.height, scale: pixelsPerUnit, palette: .light, path: path)
        canvas.rectangle(Box(x: 0, y: 0, width: size.width, height: size.height), fill: .surface)
        chart.drawWithTitle(on: &canvas)
        try canvas.write(to: path)
    }
}
