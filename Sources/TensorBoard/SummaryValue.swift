import Runs

/// A message `Summary.Value` of TensorFlow's `summary.proto`: a value to show under a tag.
struct SummaryValue {
    enum Content {
        case scalar(Double)
        case image(Picture)
        case histogram(WeightHistogram)
        /// Markdown.
        case text(String)
        /// A message of the plugin for hyperparameters.
        case hyperparameters([UInt8])
    }

    var tag: String
    var content: Content

    init(_ tag: String, _ content: Content) {
        self.tag = tag
        self.content = content
    }

    func write(to message: inout ProtobufWriter) {
        message.add(1, tag)
        switch content {
        case .scalar(let number): message.add(2, Float(number))
        case .image(let picture): message.add(4, message: picture.write)
        case .histogram(let histogram): message.add(5, message: histogram.write)
        case .text(let text):
            message.add(8) { tensor in
                tensor.add(1, TensorType.string)
                tensor.add(2) { $0.add(2) { $0.add(1, 1) } }
                tensor.add(8, text)
            }
            message.add(9) { metadata in
                metadata.add(1) { $0.add(1, "text") }
                metadata.add(4, SummaryValue.tensorClass)
            }
        case .hyperparameters(let content):
            // The plugin reads the metadata only, but a value without a tensor is dropped earlier.
            message.add(8) { tensor in
                tensor.add(1, TensorType.float)
                tensor.add(2) { $0.add(2) { _ in } }
            }
            message.add(9) { metadata in
                metadata.add(1) { plugin in
                    plugin.add(1, "hparams")
                    plugin.add(2, content)
                }
            }
        }
    }

    /// `DATA_CLASS_TENSOR` of `summary.proto`.
    private static let tensorClass = 2

    /// `DataType` of `types.proto`.
    private enum TensorType {
        static let float = 1
        static let string = 7
    }
}

extension WeightHistogram {
    /// Writes the histogram as the message `HistogramProto`.
    fileprivate func write(to message: inout ProtobufWriter) {
        message.add(1, minimum)
        message.add(2, maximum)
        message.add(3, Double(count))
        message.add(4, sum)
        message.add(5, sumOfSquares)
        message.add(6, packed: edges)
        message.add(7, packed: counts.map(Double.init))
    }
}
