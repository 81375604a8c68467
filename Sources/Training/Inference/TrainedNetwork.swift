import Datasets
import Tensors
import Terminal

/// The images and labels that a trained network expects in evaluation.
package struct TrainedNetwork: Codable, Sendable {
    /// The path of the network's file.
    let path: String
    /// The number of channels of its images.
    let channels: Int
    /// The number of its outputs.
    let classes: Int
    /// The names of the classes, by label; empty where the file has none.
    let classNames: [String]

    /// Returns a dataset with this network's labels, and a note on them.
    ///
    /// Labels are matched by the names of their classes. Where the file has no names, labels are matched by their
    /// order, which needs as many classes.
    /// - Throws: where images or classes differ from the network's.
    func labels(of dataset: any Dataset) throws -> (dataset: any Dataset, note: String?) {
        guard dataset.channels == channels else {
            throw TrainingError.otherChannels(data: dataset.name, found: dataset.channels, expected: channels)
        }
        let own = dataset.classNames
        guard !classNames.isEmpty else {
            guard own.count == classes else {
                throw TrainingError.otherClassCount(
                    path: path, classes: classes, data: dataset.name, found: own.count)
            }
            return (
                dataset,
                "\(path) does not name its classes: they are taken to be those of \(dataset.name), in their order "
                    + "(\(Wording.few(own, most: 3)))"
            )
        }
        let labelled = try dataset.labelled(as: classNames)
        guard own.map({ ExactName($0) }) != classNames.map({ ExactName($0) }) else { return (labelled, nil) }
        let share =
            own.count == classNames.count
            ? "the network's classes in another order"
            : "\(Wording.grouped(own.count)) of the network's "
                + "\(Wording.count(classNames.count, "class", plural: "classes"))"
        return (labelled, "\(dataset.name) has \(share): labels are matched by the classes' names")
    }
}
