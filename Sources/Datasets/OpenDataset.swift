import Tensors

/// The names that `openDataset` knows.
package let datasetNames = ["fashion-mnist", "shapes", "synthetic"]

/// The dataset that `specification` names: `shapes`, `synthetic`, `fashion-mnist`, or `fashion-mnist:DIR` for a folder of one's own.
///
/// - Parameters:
///   - channels: what `synthetic` shall have; the others have their own.
///   - classes: what `synthetic` shall have; the others have their own.
/// - Throws: `DatasetError` for a name that is not known and for files that are missing or malformed.
package func openDataset(
    _ specification: String, channels: Int = 3, classes: Int = 10
) throws(DatasetError) -> any Dataset {
    let parts = specification.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts.first ?? ""
    let folder = parts.count > 1 ? parts[1] : nil
    switch name {
    case "fashion-mnist":
        return StoredDataset(try FashionMNIST(folder: folder ?? FashionMNIST.debianFolder))
    case "shapes", "synthetic":
        guard folder == nil else { throw .takesNoFolder(dataset: name, found: specification) }
        return name == "shapes" ? Shapes() : Synthetic(channels: channels, classes: classes)
    default:
        throw .unknownDataset(
            found: specification, nearest: Spelling.nearest(to: name, among: datasetNames), known: datasetNames)
    }
}
