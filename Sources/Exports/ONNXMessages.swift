import SwiftProtobuf

/// Short initializers of the ONNX messages that an export writes.
extension ONNXValueInfoProto {
    /// Returns a float32 tensor of one entry a sample, for any number of samples: [N] + dimensions.
    static func batch(_ name: String, dimensions: [Int]) -> ONNXValueInfoProto {
        .with { value in
            value.name = name
            value.type.tensorType.elemType = Int32(ONNXTensorProto.DataType.float.rawValue)
            value.type.tensorType.shape.dim =
                [.with { $0.dimParam = "N" }] + dimensions.map { size in .with { $0.dimValue = Int64(size) } }
        }
    }
}

extension ONNXOperatorSetIdProto {
    /// - Parameter domain: "" for ONNX's own operators.
    init(domain: String, version: Int64) {
        self.init()
        self.domain = domain
        self.version = version
    }
}

extension ONNXStringStringEntryProto {
    init(key: String, value: String) {
        self.init()
        self.key = key
        self.value = value
    }
}

extension ONNXTensorProto {
    /// - Parameter shape: empty for a scalar.
    init(_ name: String, shape: [Int], values: [Float]) {
        precondition(shape.reduce(1, *) == values.count, "\(name): \(values.count) numbers for the shape \(shape)")
        self.init()
        self.name = name
        dims = shape.map(Int64.init)
        dataType = Int32(ONNXTensorProto.DataType.float.rawValue)
        floatData = values
    }
}

extension ONNXAttributeProto {
    init(_ name: String, _ value: Int) {
        self.init()
        self.name = name
        type = .int
        i = Int64(value)
    }

    init(_ name: String, _ values: [Int]) {
        self.init()
        self.name = name
        type = .ints
        ints = values.map(Int64.init)
    }

    init(_ name: String, _ value: Float) {
        self.init()
        self.name = name
        type = .float
        f = value
    }
}

extension [ONNXAttributeProto] {
    /// Square windows with the same padding on all sides.
    static func window(kernel: (height: Int, width: Int), stride: Int, padding: Int) -> Self {
        [
            ONNXAttributeProto("kernel_shape", [kernel.height, kernel.width]),
            ONNXAttributeProto("strides", [stride, stride]),
            // Before and after: top, left, bottom, right.
            ONNXAttributeProto("pads", [padding, padding, padding, padding]),
        ]
    }
}
