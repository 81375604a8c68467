import Foundation

@testable import Datasets

/// CIFAR's files with a few images, in each of its forms.
enum MadeCIFAR {
    /// Returns image i: its plane c has the bytes 40 c + i + pixel modulo 7, its label is i modulo `classes`.
    static func image(_ index: Int) -> [UInt8] {
        (0..<3).flatMap { plane in (0..<1024).map { UInt8(40 * plane + index % 100 + $0 % 7) } }
    }

    static let perFile = 4

    static func write(_ form: CIFARFiles.Form, to folder: MadeFolder, below path: String = "") throws {
        var first = 0
        for name in form.trainFiles + form.testFiles {
            let indices = first..<first + perFile
            first += perFile
            let labels = indices.map { $0 % form.classes }
            let images = indices.flatMap(image)
            if form.isBinary {
                let records = indices.flatMap { index -> [UInt8] in
                    let labels: [UInt8] = (form.isOf100 ? [7] : []) + [UInt8(index % form.classes)]
                    return labels + image(index)
                }
                try folder.write(records, to: path + name)
            } else {
                try folder.write(pickle(labels, images, key: form.isOf100 ? "fine_labels" : "labels"), to: path + name)
            }
        }
        let names = (0..<form.classes).map { "class \($0)" }
        guard !form.isBinary else {
            try folder.write(names.joined(separator: "\n") + "\n\n", to: path + form.metaFile)
            return
        }
        let key = form.isOf100 ? "fine_label_names" : "label_names"
        let entries: [(String, [UInt8])] = [(key, list(names.map(text))), ("num_vis", [UInt8(ascii: "M"), 0, 12])]
        let meta: [UInt8] = [0x80, 2] + dictionary(entries) + [UInt8(ascii: ".")]
        try folder.write(meta, to: path + form.metaFile)
    }

    /// Returns a pickle in the form of the authors' files, which cPickle of Python 2 has written.
    static func pickle(_ labels: [Int], _ images: [UInt8], key: String, type: String = "u1") -> [UInt8] {
        let count = images.count / 3072
        var array = Array("cnumpy.core.multiarray\n_reconstruct\nq\u{7}cnumpy\nndarray\nq\u{8}K\0".utf8)
        array += [0x85] + text("b") + [0x87]
        array += Array("Rq\u{9}(K\u{1}M".utf8)
        array += [UInt8(count & 255), UInt8(count >> 8), UInt8(ascii: "M"), 0, 12, 0x86]
        array += Array("cnumpy\ndtype\nq\u{A}".utf8)
        array += text(type)
        array += Array("K\0K\u{1}".utf8) + [0x87]
        array += Array("Rq\u{B}(K\u{3}".utf8)
        array += text("|")
        array += Array("NNN".utf8)
        array += [0x4A, 255, 255, 255, 255, 0x4A, 255, 255, 255, 255]
        array += Array("K\0tb".utf8) + [0x89, UInt8(ascii: "T")]
        array += little(images.count)
        array += images
        array += Array("tb".utf8)
        let entries: [(String, [UInt8])] = [
            ("batch_label", text("training batch 1 of 5")),
            (key, list(labels.map { [UInt8(ascii: "K"), UInt8($0)] })), ("data", array),
            ("filenames", list(labels.map { text("\($0).png") })),
        ]
        return [0x80, 2] + dictionary(entries) + [UInt8(ascii: ".")]
    }

    static func text(_ text: String) -> [UInt8] { [UInt8(ascii: "U"), UInt8(text.utf8.count)] + Array(text.utf8) }

    static func list(_ values: [[UInt8]]) -> [UInt8] {
        Array("]q\u{5}(".utf8) + values.flatMap { $0 } + [UInt8(ascii: "e")]
    }

    static func dictionary(_ entries: [(String, [UInt8])]) -> [UInt8] {
        Array("}q\u{1}(".utf8) + entries.flatMap { text($0) + $1 } + [UInt8(ascii: "u")]
    }

    private static func little(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(number >> (8 * $0) & 255) } }
}
