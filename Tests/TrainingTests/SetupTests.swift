import Collectives
import Recipes
import Testing
import Training

@Suite struct SetupTests {
    /// The size that `model` gets for `data` where none is asked for.
    private func imageSize(_ model: String, _ data: String, asked: Int? = nil) throws -> Int {
        try Setup(
            model: ModelChoice(model), data: data, imageSize: asked, classes: nil, threads: 1, instructionSet: .auto,
            world: InProcessCommunicator()
        ).imageSize
    }

    @Test("drawn images are as large as they need be, others as large as the model wants them")
    func imageSizes() throws {
        #expect(try imageSize("densenet121", "shapes") == 64)
        #expect(try imageSize("densenet121", "synthetic") == 224)
        #expect(try imageSize("densenet121", "shapes", asked: 96) == 96)
        #expect(try imageSize("lenet", "shapes") == 28)
        // Its windows do not fit on 64 pixels.
        #expect(try imageSize("alexnet_bn", "shapes") > 64)
    }
}
