import CDeixisSystem
import DeixisExport
import DeixisGraph
import Foundation
import Testing

@testable import DeixisRuntime

/// Packed weights are told apart by all that their order depends on, and their kinds are named in compiled files.
@Suite struct PackingTests {
    static let kinds: [PackingKind] = [
        .gemmF32(width: 64, transposed: false), .gemmF32(width: 64, transposed: true),
        .gemmF32(width: 16, transposed: false),
        .gemmS8(width: 64, transposed: false), .gemmS8(width: 4, transposed: true),
        .headExpand(width: 8, transposed: false, heads: 12), .headExpand(width: 8, transposed: false, heads: 16384),
        .headReduce(width: 8, transposed: false, heads: 12), .headReduce(width: 8, transposed: true, heads: 1),
        .convF32(width: 16, groups: 1), .convF32(width: 16, groups: 2), .convS8(width: 16, groups: 1, wholeRows: false),
        .convS8(width: 16, groups: 1, wholeRows: true), .convS8(width: 16, groups: 1 << 30, wholeRows: true),
        .winogradF32(width: 64),
        .depthwiseF32, .depthwiseS8, .columnSums(transposed: false), .columnSums(transposed: true),
    ]

    @Test func eachKindHasACodeOfItsOwn() throws {
        #expect(Set(Self.kinds.map(\.code)).count == Self.kinds.count)
        for kind in Self.kinds { #expect(try PackingKind(code: kind.code).code == kind.code) }
        // As formats/compiled.md says.
        #expect(PackingKind.headExpand(width: 0x21, transposed: true, heads: 0x43).code == 0x43_0021_0103)
        #expect(PackingKind.columnSums(transposed: true).code == 0x10A)
    }

    @Test(
        "Codes of no kind",
        arguments: [0, 11, 255, -1, 1 << 9 | 1, 1 << 32 | 1, 1 << 16 | 8, 1 << 8 | 5, 1 << 63 | 3, 5000, 1 << 24, 1 << 16 | 10])
    func unknownCodesAreRefused(code: Int) {
        let error = #expect(throws: CompiledFileError.self) { try PackingKind(code: code) }
        #expect(
            error?.description
                == "a damaged compiled model: it has weights packed as of kind \(code), and there is no such kind; compile the ONNX file again"
        )
    }

    @Test func aFileOfAnUnknownKindIsRefused() throws {
        let files = try CompiledFileTests.compiled()
        defer { files.remove() }
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files.compiled)))
        // Of a packed matrix, whatever tiles this machine has; 77 is no family.
        let candidates = [4, 8, 16, 64].flatMap {
            [PackingKind.gemmF32(width: $0, transposed: false), .gemmF32(width: $0, transposed: true)]
        }
        let at = try #require(candidates.compactMap { find(bytes, $0) }.first)
        bytes[at] = 77
        let sum = bytes.prefix(bytes.count - 8).withUnsafeBytes { deixis_checksum(0, $0.baseAddress, $0.count) }
        withUnsafeBytes(of: withUnsafeBytes(of: sum) { deixis_checksum(0, $0.baseAddress, 8) }) {
            bytes.replaceSubrange(bytes.count - 8..<bytes.count, with: $0)
        }
        try Data(bytes).write(to: URL(fileURLWithPath: files.compiled))
        let error = #expect(throws: RuntimeError.self) { try Model.load(files.compiled) }
        #expect(
            error?.description.hasPrefix(
                "\(files.compiled): a damaged compiled model: it has weights packed as of kind ") == true)
    }

    private func find(_ bytes: [UInt8], _ kind: PackingKind) -> Int? {
        let code = withUnsafeBytes(of: UInt64(kind.code).littleEndian) { Array($0) }
        return (64..<bytes.count - 8).first { Array(bytes[$0..<$0 + 8]) == code }
    }

    /// Both cases at the packings of one model, against their references.
    private func expectOwnPackings(_ cases: [OperatorCase], _ comment: Comment) throws {
        for isa in ["scalar", "v128", "avx2", "avx512vnni"].compactMap({ Machine.instructionSets(upTo: $0) }) {
            let lowering = Lowering(isa: isa, workers: try Workers(threads: 2), weights: PackedWeights())
            for one in cases {
                let found = try evaluateLowered(
                    one.node, opset: one.opset, inputs: one.inputs, known: Array(one.inputs.indices.dropFirst()),
                    lowering)
                #expect(
                    difference(try #require(found)[0], try one.reference()[0]) <= 1e-5,
                    "\(comment), \(Machine.name(isa))")
            }
        }
    }

    @Test func sameBytesAsTwoMatrices() throws {
        let tall = randomFloats([128, 64], seed: 1)
        let wide = tall.reshaped([64, 128])
        try expectOwnPackings(
            [
                OperatorCase(op: "Linear", inputs: [randomFloats([3, 128], seed: 2), tall], domain: .deixis),
                OperatorCase(op: "Linear", inputs: [randomFloats([3, 64], seed: 3), wide], domain: .deixis),
            ], "float matrices")
    }

    @Test("One filter, once of one group and once of two", arguments: [24, 96]) func sameFilterInGroups(outputs: Int)
        throws
    {
        let filter = randomFloats([outputs, 8, 1, 1], seed: 1)
        func conv(_ groups: Int) -> OperatorCase {
            OperatorCase(
                op: "Conv", attributes: [("group", .int(Int64(groups)))],
                inputs: [randomFloats([1, 5, 5, 8 * groups], seed: 2), filter], domain: .deixis)
        }
        try expectOwnPackings([conv(1), conv(2)], "float filters")
        let bytes = Constant(.int8, filter.shape, (filter.floats ?? []).map { Int8($0 * 100) })
        let scale = floats([1], [0.01])
        func stored(_ groups: Int) -> OperatorCase {
            let x = Constant(
                .uint8, [1, 5, 5, 8 * groups], (0..<200 * groups).map { UInt8(truncatingIfNeeded: $0 * 37) })
            return OperatorCase(
                op: "QConv",
                attributes: [("group", .int(Int64(groups))), ("x_scale", .float(0.02)), ("x_zero", .int(7))],
                inputs: [x, bytes, scale],
                domain: .deixis)
        }
        try expectOwnPackings([stored(1), stored(2)], "int8 filters")
    }

    @Test func sameMatrixBothWays() throws {
        let matrix = Constant(.int8, [16, 16], (0..<256).map { Int8(truncatingIfNeeded: $0 * $0 * 7 + $0) })
        let scale = floats([1], [0.01])
        func linear(_ transposed: Int64) -> OperatorCase {
            let x = Constant(.uint8, [2, 16], (0..<32).map { UInt8(truncatingIfNeeded: $0 * 53) })
            return OperatorCase(
                op: "QLinear",
                attributes: [("transB", .int(transposed)), ("x_scale", .float(0.02)), ("x_zero", .int(100))],
                inputs: [x, matrix, scale],
                domain: .deixis)
        }
        try expectOwnPackings([linear(0), linear(1)], "int8 matrix")
    }
}
