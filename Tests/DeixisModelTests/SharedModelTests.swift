import CDeixisSystem
import DeixisInput
import DeixisRuntime
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DeixisModel

#if arch(x86_64)
    /// What a host's thread has set does not reach answers: rounding down, up and to zero. (Exceptions that trap end Swift's own
    /// dictionaries; through libdeixis they are tried in C.)
    @Suite struct FloatModeTests {
        @Test(arguments: ["small.onnx", "small.int8.onnx"], [1, 2])
        func answersHaveTheSameBits(file: String, threads: Int) throws {
            let path = BundledModelTests.path(file), picture = try GroundingModelTests.picture(90, 200)
            var options = SessionOptions()
            options.threads = threads
            let expected = try GroundingModel(path: path, options: options).ground(picture, "the red star")
                .normalizedBox
            let before = deixis_float_mode()
            defer { deixis_set_float_mode(before) }
            for mode: UInt64 in [0x3F80, 0x5F80, 0x7F80] {
                deixis_set_float_mode(mode)
                let found = try GroundingModel(path: path, options: options).ground(picture, "the red star")
                    .normalizedBox
                #expect(deixis_float_mode() == mode)
                deixis_set_float_mode(before)
                #expect(found == expected, "mode \(mode)")
            }
        }
    }
#endif

/// One loaded model and its scenes, asked by many threads at once.
@Suite struct SharedModelTests {
    static let sentences = [
        "the red star", "the blue ring left of the red star", "circle", "the largest green square on the right",
    ]

    @Test(
        "Eight threads load, ask, look, run out of time and let go: every box is the one that a thread alone gets",
        arguments: [
            ("small.onnx", 1), ("small.int8.onnx", 1), ("small.int8.onnx", 2), ("small.int8.onnx", 3),
        ])
    func mixedCalls(file: String, threads: Int) throws {
        let path = BundledModelTests.path(file)
        var options = SessionOptions()
        options.threads = threads
        let alone = try GroundingModel(path: path, options: options)
        let pictures = try [GroundingModelTests.picture(128, 128), GroundingModelTests.picture(90, 200)]
        let expected = try pictures.map { picture in
            try Self.sentences.map { try alone.ground(picture, $0).normalizedBox }
        }
        let model = try GroundingModel(path: path, options: options), scene = try model.scene(pictures[0])
        let wrong = Atomic(0), asked = Atomic(0), settings = options
        let group = DispatchGroup()
        for thread in 0..<8 {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                do {
                    var own = scene, which = 0
                    for turn in 0..<20 {
                        let k = (thread + turn) % Self.sentences.count, sentence = Self.sentences[k]
                        var box: NormalizedBox?
                        var at = which
                        switch (thread * 7 + turn) % 6 {
                        case 0, 1: (at, box) = (turn % 2, try model.ground(pictures[turn % 2], sentence).normalizedBox)
                        case 2, 3: box = try own.ground(sentence).normalizedBox
                        case 4: (which, own) = (turn % 2, try model.scene(pictures[turn % 2]))
                        default:
                            #expect(throws: ModelError.self) { try model.ground(pictures[1], sentence, deadline: 0) }
                            #expect(throws: ModelError.self) { try own.ground(sentence, deadline: 0) }
                            if turn % 10 == 5 {
                                let another = try GroundingModel(path: path, options: settings)
                                (at, box) = (1, try another.ground(pictures[1], sentence).normalizedBox)
                            }
                        }
                        guard let box else { continue }
                        asked.add(1, ordering: .relaxed)
                        if box != expected[at][k] { wrong.add(1, ordering: .relaxed) }
                    }
                } catch {
                    Issue.record(error)
                }
            }
        }
        group.wait()
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(asked.load(ordering: .relaxed) > 80)
    }

    /// A second caller works in memory of its own, and shares everything else.
    @Test func aSecondCallerCostsItsArena() throws {
        let model = try GroundingModel(path: BundledModelTests.path("small.int8.onnx"))
        let picture = try GroundingModelTests.picture(128, 128)
        _ = try model.ground(picture, "the red star")
        _ = try model.scene(picture)
        let weights = model.session.packedWeightBytes
        let scenes = try (0..<3).map { _ in try model.scene(picture) }
        for scene in scenes { _ = try scene.ground("the red star") }
        #expect(model.session.packedWeightBytes == weights)
    }
}
