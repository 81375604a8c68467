/// The details of one evaluation on the test split: figures and pictures beyond loss and accuracy.
///
/// A run's folder has the newest as `evaluation.json`, whose keys are these properties' names in snake case.
package struct EvaluationDetail: Codable, Hashable, Sendable {
    /// A picture to show, and the network's answer.
    package struct Picture: Codable, Hashable, Sendable {
        /// The index of the sample in its split.
        package var sample: Int
        /// The name of the sample's file; nil where it is not a file of its own.
        package var name: String?
        /// The true class, an index into `classes`.
        package var label: Int
        /// The class of the highest logit.
        package var predicted: Int
        /// The predicted class's probability, in 0...1.
        package var probability: Double
        package var loss: Double
        /// A PNG file as a `data:` URL.
        package var picture: String

        package init(
            sample: Int, name: String?, label: Int, predicted: Int, probability: Double, loss: Double, picture: String
        ) {
            self.sample = sample
            self.name = name
            self.label = label
            self.predicted = predicted
            self.probability = probability
            self.loss = loss
            self.picture = picture
        }
    }

    /// A training sample as the network sees it.
    package struct Augmented: Codable, Hashable, Sendable {
        package var label: Int
        /// A PNG file as a `data:` URL.
        package var picture: String

        package init(label: Int, picture: String) {
            self.label = label
            self.picture = picture
        }
    }

    /// The samples whose highest probability lies in one of fifteen equal parts of 0...1 (Guo et al., "On Calibration
    /// of Modern Neural Networks", 2017).
    package struct CalibrationBin: Codable, Hashable, Sendable {
        /// The mean of the highest probabilities.
        package var confidence: Double
        /// The share of correctly classified samples, in 0...1.
        package var accuracy: Double
        package var samples: Int

        package init(confidence: Double, accuracy: Double, samples: Int) {
            self.confidence = confidence
            self.accuracy = accuracy
            self.samples = samples
        }
    }

    package var epoch: Int
    package var step: Int
    package var samples: Int
    package var loss: Double
    package var accuracy: Double
    package var classes: [String]
    /// The entries of the confusion matrix that are not zero, as [label, predicted, number of samples].
    package var confusion: [[Int]] = []
    /// The share of each class's samples that are classified correctly; nil for a class without samples.
    package var classAccuracy: [Double?] = []
    package var calibration: [CalibrationBin] = []
    /// The expected calibration error, in 0...1.
    package var calibrationError = 0.0
    /// The misclassified samples with the highest losses, highest first.
    package var wrong: [Picture] = []
    /// The samples whose highest probability is lowest, lowest first.
    package var unsure: [Picture] = []
    package var augmented: [Augmented] = []

    package init(epoch: Int, step: Int, samples: Int, loss: Double, accuracy: Double, classes: [String]) {
        self.epoch = epoch
        self.step = step
        self.samples = samples
        self.loss = loss
        self.accuracy = accuracy
        self.classes = classes
    }
}

/// The distribution of the weights of a group of layers.
package struct WeightHistogram: Hashable, Sendable {
    /// The common beginning of the parameters' names, as in torchvision.
    package var name: String
    package var count: Int
    package var minimum: Double
    package var maximum: Double
    package var sum: Double
    package var sumOfSquares: Double
    /// The upper edges of the buckets, rising, and the number of weights in each.
    package var edges: [Double]
    package var counts: [Int]

    package init(
        name: String, count: Int, minimum: Double, maximum: Double, sum: Double, sumOfSquares: Double,
        edges: [Double], counts: [Int]
    ) {
        self.name = name
        self.count = count
        self.minimum = minimum
        self.maximum = maximum
        self.sum = sum
        self.sumOfSquares = sumOfSquares
        self.edges = edges
        self.counts = counts
    }
}
