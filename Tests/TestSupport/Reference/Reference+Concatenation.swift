import Tensors

/// Concatenation along channels, and its inverse.
///
///     y[n,h,w, offset[i] + c] = x[i][n,h,w,c]        dx[i] = channels offset[i] ..< offset[i] + C[i] of dy
extension Reference {
    package static func concatenate(_ inputs: [Maps]) -> Maps {
        precondition(!inputs.isEmpty, "a concatenation of nothing")
        var shape = inputs[0].shape
        shape.channels = inputs.reduce(0) { $0 + $1.shape.channels }
        var values: [Double] = []
        values.reserveCapacity(inputs[0].samples * shape.count)
        for pixel in 0..<(inputs[0].samples * shape.pixels) {
            for x in inputs {
                let channels = x.shape.channels
                values += x.values[(pixel * channels)..<((pixel + 1) * channels)]
            }
        }
        return Maps(samples: inputs[0].samples, shape: shape, values: values)
    }

    /// Channels `offset ..< offset + channels` of x.
    package static func slice(_ x: Maps, offset: Int, channels: Int) -> Maps {
        var shape = x.shape
        shape.channels = channels
        var values: [Double] = []
        values.reserveCapacity(x.samples * shape.count)
        for pixel in 0..<(x.samples * shape.pixels) {
            let start = pixel * x.shape.channels + offset
            values += x.values[start..<(start + channels)]
        }
        return Maps(samples: x.samples, shape: shape, values: values)
    }
}
