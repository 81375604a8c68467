import Datasets
import Tensors
import Testing

@testable import Training

@Suite("Class activation maps")
struct ActivationMapTests {
    @Test("a map is the sum over channels of what the class weighs them with, pixel by pixel")
    func sums() {
        let features: [Float] = [1, 2, 3, 4, 5, 6, 7, 8]
        let shape = Shape(height: 2, width: 2, channels: 2)
        let map = ActivationMap(of: features, shape, weights: [10, -1])
        #expect(map == ActivationMap(height: 2, width: 2, values: [8, 26, 44, 62]))
    }

    @Test("between the middles of pixels a larger map goes in straight lines, and beyond them it stays")
    func resizing() {
        let map = ActivationMap(height: 1, width: 2, values: [0, 8])
        #expect(map.resized(to: 8).values.prefix(8) == [0, 0, 1, 3, 5, 7, 8, 8])
        #expect(map.resized(to: 8).values.suffix(8) == [0, 0, 1, 3, 5, 7, 8, 8])
        let plane = ActivationMap(height: 2, width: 2, values: [0, 4, 8, 12]).resized(to: 4)
        #expect(plane.values == [0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12])
        #expect(map.resized(to: 1).values == [4])
    }

    @Test("the place where it is strongest is said in words")
    func words() {
        func place(_ index: Int) -> String {
            ActivationMap(height: 3, width: 3, values: (0..<9).map { $0 == index ? 1 : 0 }).strongestPlace
        }
        #expect(
            (0..<9).map(place) == [
                "above left", "above", "above right", "left", "in the middle", "right", "below left", "below",
                "below right",
            ])
    }

    @Test("a picture is covered where something speaks for the class, and nowhere else")
    func overlay() {
        let picture = Image(height: 2, width: 2, pixels: [UInt8](repeating: 100, count: 12))
        let map = ActivationMap(height: 2, width: 2, values: [-1, 0, 1, 2])
        let laid = map.laid(over: picture).pixels
        #expect(laid.prefix(6).allSatisfy { $0 == 100 })
        // 0.65 of yellow, and half as much of a redder one.
        #expect(laid.suffix(3) == [201, 178, 35])
        #expect(laid[6..<9] == [150, 103, 68])
        let against = ActivationMap(height: 2, width: 2, values: [-1, -2, 0, 0])
        #expect(against.laid(over: picture) == picture)
    }
}
