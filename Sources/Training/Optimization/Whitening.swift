import Datasets
import Dispatch
import Networks
import Synchronization
import Tensors

/// The first layer of a network that whitens its patches: `InitialRule.whitening`.
struct Whitening {
    /// The name of the parameter whose values it computes.
    let parameter: String
    private let kernel: Int
    private let outputs: Int
    private let channels: Int
    private let epsilon: Double

    /// Makes the rule for a network; nil for one without such a layer.
    init?(of network: Network) {
        let channels = network.inputChannels
        let found = network.layers.lazy.compactMap { Whitening($0, channels: channels) }.first
        guard let found else { return nil }
        self = found
    }

    private init?(_ layer: Layer, channels: Int) {
        guard case .convolution(let convolution) = layer.operation,
            case .whitening(let epsilon) = convolution.weight
        else { return nil }
        precondition(layer.inputs == [0] && convolution.groups == 1, "\(layer.name) does not look at the images")
        parameter = layer.name + ".weight"
        kernel = convolution.kernel
        outputs = convolution.outputs
        self.channels = channels
        self.epsilon = epsilon
    }

    /// The numbers of a patch: channels x kernel x kernel, in the order of a weight.
    private var patch: Int { channels * kernel * kernel }

    /// Returns the weight, in torch's layout: the eigenvectors of the patches' second moments about 0, those of small
    /// eigenvalues first, each divided by the root of its eigenvalue plus epsilon; then all of them negated.
    ///
    /// Each image is summed by itself, and then the sums in the order of the images: they do not depend on the number
    /// of threads.
    /// - Parameters:
    ///   - most: the most images to use, spread evenly over the training set.
    ///   - look: the way in which evaluation shows them.
    /// - Returns: nil where no image could be read.
    func weight(from dataset: any Dataset, most: Int, as look: SampleLook, threads: Int) throws -> [Float]? {
        let count = dataset.count(of: .train)
        let samples = min(count, most)
        let batch = dataset.batch(of: (0..<samples).map { UInt32($0 * count / samples) }, in: .train, as: look)
        let side = look.imageSize
        let sums = Mutex([[Double]?](repeating: nil, count: samples))
        let failure = Mutex<DatasetError?>(nil)
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: max(threads, 1)) { _ in
            let scratch = LoaderScratch()
            var pixels = [Float](repeating: 0, count: side * side * channels)
            while case let index = next.wrappingAdd(1, ordering: .relaxed).oldValue, index < samples {
                do throws(DatasetError) {
                    try batch.prepare(index, with: scratch)
                } catch {
                    failure.withLock { $0 = error }
                    return
                }
                guard batch.bad(index) == nil else { continue }
                var span = pixels.mutableSpan
                batch.images(at: [index]).write(0, into: &span)
                let own = secondMoments(of: pixels.span, side: side)
                sums.withLock { $0[index] = own }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        let sound = sums.withLock { $0.compactMap(\.self) }
        guard !sound.isEmpty else { return nil }
        let patches = Double(sound.count * (side - kernel + 1) * (side - kernel + 1))
        let total = sound.reduce(into: [Double](repeating: 0, count: patch * patch)) { total, own in
            for place in total.indices { total[place] += own[place] }
        }
        return weight(ofMoments: total.map { $0 / patches })
    }

    /// - Parameter moments: the patches' second moments, patch x patch.
    func weight(ofMoments moments: [Double]) -> [Float] {
        let (values, vectors) = symmetricEigenvectors(of: moments, size: patch)
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        precondition(2 * patch == outputs, "\(outputs) outputs of patches of \(patch) numbers")
        let scaled = order.flatMap { index in
            let vector = vectors[index * patch..<(index + 1) * patch]
            // An eigenvector's sign is arbitrary; its largest number is made positive.
            let largest = vector.max { abs($0) < abs($1) } ?? 1
            let factor = (largest < 0 ? -1 : 1) / (values[index] + epsilon).squareRoot()
            return vector.map { Float($0 * factor) }
        }
        return scaled + scaled.map { -$0 }
    }

    /// Returns the sums of products of two numbers of a patch, over the patches of an image of height x width x
    /// channels.
    private func secondMoments(of pixels: Span<Float>, side: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: patch * patch)
        var numbers = [Double](repeating: 0, count: patch)
        for row in 0...side - kernel {
            for column in 0...side - kernel {
                for channel in 0..<channels {
                    for y in 0..<kernel {
                        for x in 0..<kernel {
                            let pixel = pixels[((row + y) * side + column + x) * channels + channel]
                            numbers[(channel * kernel + y) * kernel + x] = Double(pixel)
                        }
                    }
                }
                for i in 0..<patch {
                    for j in i..<patch { sums[i * patch + j] += numbers[i] * numbers[j] }
                }
            }
        }
        for i in 0..<patch {
            for j in 0..<i { sums[i * patch + j] = sums[j * patch + i] }
        }
        return sums
    }
}

/// Returns the eigenvalues of a symmetric matrix, and its eigenvectors of length 1, one after the other.
///
/// Jacobi's rotations, row by row, until the numbers off the diagonal are negligible. Only sums, products, quotients
/// and roots are used, so that all machines get the same bits. (Golub & Van Loan, "Matrix Computations", section 8.5.)
func symmetricEigenvectors(of matrix: [Double], size: Int) -> (values: [Double], vectors: [Double]) {
    precondition(matrix.count == size * size, "\(matrix.count) numbers of a matrix of \(size) rows")
    var a = matrix
    var vectors = (0..<size * size).map { $0 / size == $0 % size ? 1.0 : 0 }
    let negligible = matrix.reduce(0) { $0 + $1 * $1 } * 0x1p-104
    for _ in 0..<100 {
        let off = (0..<size * size).reduce(0.0) { $1 / size == $1 % size ? $0 : $0 + a[$1] * a[$1] }
        if off <= negligible { break }
        for p in 0..<size {
            for q in p + 1..<max(size, p + 1) where a[p * size + q] != 0 {
                // The tangent of the smaller of the two angles that make a[p, q] zero.
                let theta = (a[q * size + q] - a[p * size + p]) / (2 * a[p * size + q])
                let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
                let c = 1 / (t * t + 1).squareRoot()
                let s = t * c
                for k in 0..<size {
                    let (x, y) = (a[k * size + p], a[k * size + q])
                    (a[k * size + p], a[k * size + q]) = (c * x - s * y, s * x + c * y)
                }
                for k in 0..<size {
                    let (x, y) = (a[p * size + k], a[q * size + k])
                    (a[p * size + k], a[q * size + k]) = (c * x - s * y, s * x + c * y)
                    let (u, v) = (vectors[p * size + k], vectors[q * size + k])
                    (vectors[p * size + k], vectors[q * size + k]) = (c * u - s * v, s * u + c * v)
                }
            }
        }
    }
    return ((0..<size).map { a[$0 * size + $0] }, vectors)
}
