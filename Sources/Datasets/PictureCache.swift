import Synchronization

/// The decoded pictures of a source, whole, each kept when it is first decoded.
///
/// A picture from the cache is the same as a decoded one, to the byte. A picture that cannot be decoded as a whole is
/// not kept, so that damage below the shown part is ignored as without a cache.
package final class PictureCache: Sendable {
    /// The options by which the pictures are decoded.
    let options: ImageOptions
    /// The bytes that they may take.
    package let capacity: Int
    private let trainingPictures: Int
    private let state: Mutex<State>

    private struct State {
        /// The training pictures, followed by the test pictures; nil for a picture that has not been decoded yet.
        var pictures: [Picture?]
        var bytes = 0
        var isFull = false
    }

    private enum Picture {
        case kept(height: Int32, width: Int32, bytes: [UInt8])
        /// A picture that cannot be decoded as a whole.
        case refused
    }

    /// The answer to a request for a picture: the picture, or what to do instead.
    enum Answer {
        case kept(StoredSample)
        /// Decode it as a whole, and hand it over.
        case wanted
        case notWanted
    }

    /// A cache for all pictures of a source.
    ///
    /// - Returns: nil where they would take more than `capacity` bytes, or are no pictures that have to be decoded.
    package init?(of source: any Source, as options: ImageOptions, capacity: Int) {
        // Decoding may give other pixels for other parts.
        guard !options.shrinksInDecoder, source.channels == 3,
            let mean = Self.meanBytes(of: source, as: options)
        else { return nil }
        let count = Split.allCases.map(source.count).reduce(0, +)
        // A quarter more, because the mean is of a few.
        let bytes = 1.25 * (mean + Double(Self.overhead)) * Double(count)
        guard bytes <= Double(capacity) else { return nil }
        self.options = options
        self.capacity = Int(bytes)
        trainingPictures = source.count(of: .train)
        state = Mutex(State(pictures: Array(repeating: nil, count: count)))
    }

    private func place(_ index: Int, of split: Split) -> Int { split == .train ? index : trainingPictures + index }

    /// Bytes that a picture takes beside its pixels.
    private static let overhead = MemoryLayout<Picture?>.stride + 48
    /// The number of pictures whose headers are read.
    private static let looked = 64

    /// Returns the mean size of pictures spread evenly over the source, in bytes; nil where it cannot be found.
    private static func meanBytes(of source: any Source, as options: ImageOptions) -> Double? {
        let decoder = ImageDecoder(mostPixels: options.mostPixels, turnsUpright: options.turnsUpright)
        var sample = StoredSample()
        var (sum, count) = (0, 0)
        for split in Split.allCases {
            let all = source.count(of: split)
            for number in 0..<min(looked / 2, all) {
                let index = number * all / min(looked / 2, all)
                // What cannot be read takes no memory.
                guard (try? source.read(index, of: split, into: &sample)) != nil else { continue }
                guard case .encoded = sample.form else { return nil }
                let path = source.path(of: index, in: split)
                guard let header = try? decoder.header(of: sample.bytes.span, path: path) else { continue }
                sum += 3 * header.height * header.width
                count += 1
            }
        }
        return count > 0 ? Double(sum) / Double(count) : nil
    }

    /// Returns a picture that is kept, or what to do instead.
    func answer(_ index: Int, of split: Split, as options: ImageOptions) -> Answer {
        guard options == self.options else { return .notWanted }
        let place = place(index, of: split)
        return state.withLock { state in
            switch state.pictures[place] {
            case .kept(let height, let width, let bytes)?:
                var sample = StoredSample()
                sample.form = .pixels(height: Int(height), width: Int(width))
                sample.bytes = bytes
                return .kept(sample)
            case .refused?: return .notWanted
            case nil: return state.isFull ? .notWanted : .wanted
            }
        }
    }

    /// Decodes a picture as a whole, and keeps it where there is space.
    ///
    /// - Returns: its pixels; nil where it cannot be decoded as a whole.
    func keep(_ index: Int, of split: Split, encoded: borrowing StoredSample, path: String) -> StoredSample? {
        let place = place(index, of: split)
        var decoder = ImageDecoder(mostPixels: options.mostPixels, turnsUpright: options.turnsUpright)
        var buffer = ImageBuffer()
        guard (try? decoder.decode(encoded.bytes.span, path: path, into: &buffer)) != nil else {
            state.withLock { $0.pictures[place] = .refused }
            return nil
        }
        let image = buffer.image()
        state.withLock { state in
            let bytes = image.pixels.count + Self.overhead
            guard state.bytes + bytes <= capacity else { return state.isFull = true }
            state.bytes += bytes
            state.pictures[place] = .kept(
                height: Int32(image.height), width: Int32(image.width), bytes: image.pixels)
        }
        var sample = StoredSample()
        sample.form = .pixels(height: image.height, width: image.width)
        sample.bytes = image.pixels
        return sample
    }

    /// The bytes of the pictures that are there.
    var bytes: Int { state.withLock { $0.bytes } }
}

extension StoredDataset {
    /// Returns the same dataset, which keeps its pictures once they are decoded.
    package func keeping(_ cache: PictureCache?) -> StoredDataset {
        var dataset = self
        dataset.cache = cache
        return dataset
    }
}
