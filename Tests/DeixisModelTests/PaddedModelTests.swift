import DeixisGraph
import DeixisRuntime
import Foundation
import Testing

@testable import DeixisModel

/// The bundled networks provably do without padded tokens, as they are stored in float and in integers.
@Suite struct PaddedModelTests {
    @Test(arguments: ["small.onnx", "small.int8.onnx"]) func paddingIsDropped(file: String) throws {
        let model = try Model.load(BundledModelTests.path(file))
        var options = SessionOptions()
        let short = try Session(model, options: options)
        options.dropPadding = false
        let whole = try Session(model, options: options)
        let mask = try #require(short.inputNames.firstIndex(of: Interface.mask))
        func shapes(_ length: Int) -> [[Int]] {
            short.inputNames.map { $0 == Interface.image ? [1, 128, 128, 3] : [1, length] }
        }
        #expect(short.mayDropPadding(from: shapes(24), to: shapes(8), mask: mask))
        // Extents that are proven say nothing of types.
        let wrong = #expect(throws: RuntimeError.self) {
            try short.run([
                (Interface.image, Constant(.uint8, [1, 128, 128, 3], [UInt8](repeating: 0, count: 128 * 128 * 3))),
                (Interface.tokens, Constant(.int32, [1, 8], [Int32](repeating: 5, count: 8))),
                (Interface.mask, Constant(.int64, [1, 8], [Int64](repeating: 1, count: 8))),
            ])
        }
        #expect(wrong?.description == "input 'token_ids': expected int64, got int32")
        // Tokens as padding in the proof: nothing says that they are.
        #expect(
            !short.mayDropPadding(
                from: shapes(24), to: shapes(8), mask: try #require(short.inputNames.firstIndex(of: Interface.tokens))))
        var random = SystemRandomNumberGenerator()
        for real in [2, 5, 8, 11, 23] {
            let pixels = (0..<128 * 128 * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
            let ids = (0..<24).map { _ in Int64.random(in: 4..<40, using: &random) }
            let inputs = [
                (Interface.image, Constant(.uint8, [1, 128, 128, 3], pixels)),
                (Interface.tokens, Constant(.int64, [1, 24], ids)),
                (Interface.mask, Constant(.int64, [1, 24], (0..<24).map { Int64($0 < real ? 1 : 0) })),
            ]
            let a = try short.run(inputs)[0].tensor, b = try whole.run(inputs)[0].tensor
            for i in 0..<4 {
                let x = a.bytes.loadUnaligned(fromByteOffset: i * 4, as: Float.self),
                    y = b.bytes.loadUnaligned(fromByteOffset: i * 4, as: Float.self)
                #expect(abs(x - y) < 2e-6, "\(file), \(real) tokens: \(x) \(y)")
            }
        }
    }

    /// What was proven before compiling holds for the compiled file; nothing else does.
    @Test func compiledFilesKnowWhatMayBeDropped() throws {
        let context = try Session(try Model.load(BundledModelTests.path("small.int8.onnx"))).makeContext()
        let mask = try #require(context.session.inputNames.firstIndex(of: Interface.mask))
        func shapes(_ length: Int) -> [[Int]] {
            context.session.inputNames.map { $0 == Interface.image ? [1, 128, 128, 3] : [1, length] }
        }
        try context.prepare(shapes(24))
        #expect(context.session.mayDropPadding(from: shapes(24), to: shapes(8), mask: mask))
        try context.prepare(shapes(8))
        let path = NSTemporaryDirectory() + "deixis-\(UUID().uuidString).deixis"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try context.session.compile(to: path)
        let ready = try Session(try Model.load(path)).makeContext()
        #expect(ready.session.mayDropPadding(from: shapes(24), to: shapes(8), mask: mask))
        #expect(!ready.session.mayDropPadding(from: shapes(24), to: shapes(12), mask: mask))
        // 5 tokens run as 8; 11 would be 12, which the file does not know: all 24 are computed.
        for (real, held) in [(5, 8), (11, 24)] {
            let inputs = [
                (
                    Interface.image,
                    Constant(
                        .uint8, [1, 128, 128, 3],
                        (0..<128 * 128 * 3).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 9) })
                ),
                (Interface.tokens, Constant(.int64, [1, 24], (0..<24).map { Int64(4 + $0) })),
                (Interface.mask, Constant(.int64, [1, 24], (0..<24).map { Int64($0 < real ? 1 : 0) })),
            ]
            let got = try ready.run(inputs)[0].tensor, expected = try context.run(inputs)[0].tensor
            #expect(try ready.inputBuffer(mask).count == held * 8)
            for i in 0..<4 {
                let x = got.bytes.loadUnaligned(fromByteOffset: i * 4, as: Float.self),
                    y = expected.bytes.loadUnaligned(fromByteOffset: i * 4, as: Float.self)
                #expect(abs(x - y) < 2e-6, "\(real) tokens: \(x) \(y)")
            }
        }
    }
}
