import DeixisGraph
import DeixisInput
import DeixisRuntime
import Testing
import TestSupport

@testable import DeixisModel

/// A model worked out by hand, asked through the whole way from file and sentence to a box in the picture.
@Suite struct GroundingModelTests {
    /// Colors that vary over the picture.
    static func picture(_ width: Int, _ height: Int) throws -> RGBImage {
        try RGBImage(
            width: width, height: height, pixels: (0..<width * height * 3).map { UInt8(($0 * 7 + $0 / width) % 251) })
    }

    @Test(arguments: [("red mug", 4, 0), ("RED mugs!", 6, 0), ("mug", 3, 0), ("red red red red red red", 6, 2)])
    func answersAsWorkedOutByHand(sentence: String, tokens: Int, dropped: Int) throws {
        let model = try GroundingModel(path: try TinyModel.write())
        for (width, height) in [(64, 48), (31, 90), (32, 32), (1, 1)] {
            let picture = try Self.picture(width, height)
            let found = try model.ground(picture, sentence)
            let ids = try model.metadata.makeTokenizer().encode(sentence).ids
            let square = model.metadata.letterbox.apply(to: picture).pixels
            let expected = TinyModel.expected(ids: ids, square: square)
            let got = found.normalizedBox
            for (a, b) in zip([got.centerX, got.centerY, got.width, got.height], expected) {
                #expect(abs(Double(a) - b) < 1e-5)
            }
            #expect(found.box == model.metadata.letterbox.pixels(got, width: width, height: height))
            #expect(found.box.x >= 0 && found.box.right <= Double(width) && found.box.bottom <= Double(height))
            #expect(found.tokenCount == tokens && found.droppedTokenCount == dropped)
            #expect(found.networkMilliseconds > 0 && found.inputMilliseconds > 0)
        }
    }

    @Test func deadlinesPassBetweenSteps() throws {
        let model = try GroundingModel(path: try TinyModel.write())
        let picture = try Self.picture(20, 10)
        let expected = try model.ground(picture, "red mug").normalizedBox
        do {
            _ = try model.ground(picture, "red mug", deadline: 0)
            Issue.record("no error")
        } catch {
            guard case .runtime(_, .timeout(let timeout)) = error else { throw error }
            #expect(
                timeout.step == 0 && timeout.stepCount > 3 && timeout.elapsedNanoseconds > 0
                    && timeout.deadlineNanoseconds == 0)
            #expect(
                error.description.contains(": the deadline of 0.000 ms passed: ")
                    && error.description.contains(" ms were gone before step 1 of "))
        }
        // As usable as before, with time enough and with no deadline.
        for deadline in [60_000, .infinity, .nan, nil] {
            #expect(try model.ground(picture, "red mug", deadline: deadline).normalizedBox == expected)
        }
    }

    @Test func rowsMayLieApart() throws {
        let model = try GroundingModel(path: try TinyModel.write())
        let picture = try Self.picture(20, 10)
        var padded: [UInt8] = []
        for y in 0..<10 { padded += picture.pixels[y * 60..<(y + 1) * 60] + [UInt8](repeating: 255, count: 17) }
        padded.removeLast(17)
        let expected = try model.ground(picture, "mug").box
        let box = try padded.withUnsafeBufferPointer {
            try model.ground(pixels: $0, width: 20, height: 10, stride: 77, sentence: Array("mug".utf8)).box
        }
        #expect(box == expected)
        for (width, height, stride) in [
            (20, 11, 77), (0, 10, 77), (20, -1, 77), (26, 10, 77), (20, 10, Int.max), (Int.max, 1, 77),
        ] {
            #expect(throws: ModelError.self) {
                try padded.withUnsafeBufferPointer {
                    try model.ground(
                        pixels: $0, width: width, height: height, stride: stride, sentence: Array("mug".utf8))
                }
            }
        }
    }

    /// A model whose length is fixed gets padding behind a mask, and gives the same box.
    @Test func fixedLengthIsPadded() throws {
        let fixed = try GroundingModel(
            path: try TinyModel.write { graph in
                for id in graph.inputs.dropFirst() { graph[id].type = TensorType(.int64, [.fixed(1), .fixed(9)]) }
            })
        let free = try GroundingModel(path: try TinyModel.write())
        let picture = try Self.picture(40, 30)
        let a = try fixed.ground(picture, "red mug").normalizedBox,
            b = try free.ground(picture, "red mug").normalizedBox
        #expect(abs(a.centerX - b.centerX) < 1e-6 && abs(a.width - b.width) < 1e-6)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let message: String
        let spoil: @Sendable (inout Graph) -> Void
        var testDescription: String { message }
    }

    static let cases: [Case] = [
        Case(message: "the model's metadata has no 'deixis.format'; was it written by deixis-train export?") {
            $0.metadata = []
        },
        Case(message: "the model's metadata has no 'deixis.vocabulary'; was it written by deixis-train export?") {
            $0.metadata.removeAll { $0.key == "deixis.vocabulary" }
        },
        Case(message: "the model's metadata key 'deixis.image.size' is 'big'; expected a whole number from 1 to 16384")
        { graph in
            graph.metadata = graph.metadata.map { $0.key == "deixis.image.size" ? ($0.key, "big") : $0 }
        },
        Case(message: "not a grounding model: it has no input 'attention_mask'") {
            $0.values[$0.inputs[2].index].name = "mask"
        },
        Case(message: "not a grounding model: input 'token_ids': expected int64, got int32") {
            $0[$0.inputs[1]].type?.element = .int32
        },
        Case(
            message: "not a grounding model: input 'image': expected shape [1, 32, 32, 3], got uint8[batch, 3, 32, 32]"
        ) {
            $0[$0.inputs[0]].type?.shape = [.symbol("batch"), .fixed(3), .fixed(32), .fixed(32)]
        },
        Case(message: "not a grounding model: token_ids has room for 5 tokens, the metadata promises sentences of 6") {
            graph in
            for id in graph.inputs.dropFirst() { graph[id].type?.shape = [.symbol("batch"), .fixed(5)] }
        },
        Case(message: "not a grounding model: token_ids and attention_mask have different lengths") {
            $0[$0.inputs[2]].type?.shape = [.symbol("batch"), .fixed(8)]
        },
        Case(message: "not a grounding model: it has no output 'box'") {
            $0.values[$0.outputs[0].index].name = "boxes"
        },
        Case(message: "not a grounding model: the metadata's vocabulary has 8 tokens, the table of word vectors 7") {
            graph in
            graph.metadata = graph.metadata.map {
                $0.key == "deixis.vocabulary" ? ($0.key, Name("\($0.value)\nblue")) : $0
            }
        },
        Case(message: "not a grounding model: it has another input 'more'") {
            _ = $0.addInput("more", TensorType(.float32, []))
        },
    ]

    @Test(arguments: cases) func refusesOtherModels(_ item: Case) throws {
        let path = try TinyModel.write(spoil: item.spoil)
        let error = #expect(throws: ModelError.self) { try GroundingModel(path: path) }
        #expect(error?.description == "\(path): \(item.message)")
    }

    @Test func emptySentencesAndBrokenWeights() throws {
        let path = try TinyModel.write()
        let model = try GroundingModel(path: path)
        let picture = try Self.picture(8, 8)
        for sentence in ["", "   ", "\u{200B}\n"] {
            let error = #expect(throws: ModelError.self) { try model.ground(picture, sentence) }
            #expect(error?.description == "the sentence is empty; say what to look for, e.g. \"the red mug\"")
        }
        let broken = try TinyModel.write { graph in
            for (id, constant) in graph.constants where graph[id].name == "mix" {
                graph.constants[id] = Constant(
                    .float32, constant.shape, [Float](repeating: .nan, count: constant.count))
            }
        }
        let error = #expect(throws: ModelError.self) { try GroundingModel(path: broken).ground(picture, "mug") }
        #expect(error?.description == "\(broken): the model's box is not a number; are there NaNs among its weights?")
        let missing = #expect(throws: ModelError.self) { try GroundingModel(path: "/no/such/file.onnx") }
        #expect(missing?.description == "/no/such/file.onnx: cannot be opened: No such file or directory")
    }
}
