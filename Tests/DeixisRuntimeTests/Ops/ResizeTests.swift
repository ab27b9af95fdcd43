import DeixisGraph
import Foundation
import Testing

@testable import DeixisRuntime

/// Which pixel is nearest, for every pair of extents 1...40: as onnxruntime has it (tools/oracles/resize_nearest.py).
@Suite struct ResizeTests {
    static func table() throws -> [[String]] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../Fixtures/resize-nearest.txt")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: " ").map(String.init)
        }
    }

    /// Resize of [n] numbers to m of them, by sizes or by scales.
    static func pixels(_ n: Int, _ m: Int, by: String, _ coordinates: String, _ nearest: String) throws -> [Int] {
        let given = by == "sizes" ? int64s([Int64(m)]) : floats([1], [Float(m) / Float(n)])
        let test = OperatorCase(
            op: "Resize",
            attributes: [
                ("coordinate_transformation_mode", .string(Name(coordinates))),
                ("nearest_mode", .string(Name(nearest))),
            ],
            inputs: [floats([n], (0..<n).map { Float($0) }), floats([2], [0, 1])]
                + (by == "sizes" ? [nil, given] : [given]), opset: 19)
        return try test.reference()[0]?.floats?.map { Int($0) } ?? []
    }

    @Test func nearestIsOnnxruntimesNearest() throws {
        let table = try Self.table()
        #expect(table.count == 40)
        for line in table {
            var sum: UInt64 = 0xCBF2_9CE4_8422_2325
            for n in 1...40 {
                for m in 1...40 {
                    let found = try Self.pixels(n, m, by: line[0], line[1], line[2])
                    if line[0] == "scales", found.count == n, n != m { continue }
                    for p in found { sum = (sum ^ UInt64(p)) &* 0x100_0000_01B3 }
                }
            }
            #expect(String(sum, radix: 16) == String(UInt64(line[3], radix: 16) ?? 0, radix: 16), "\(line)")
        }
    }

    /// Extents that no integer holds are refused, not computed.
    @Test func hugeScalesAreRefused() {
        for attributes in [[], [("keep_aspect_ratio_policy", .string("not_smaller"))]]
            as [[(name: Name, value: Attribute)]]
        {
            let sizes = attributes.isEmpty ? nil : int64s([1 << 39, 1]),
                scales = attributes.isEmpty ? floats([2], [1, 0x1p29]) : nil
            let test = OperatorCase(
                op: "Resize", attributes: attributes,
                inputs: [Constant(.float32, [1, 1 << 12], [Float](repeating: 0, count: 1 << 12)), nil, scales, sizes],
                opset: 19)
            #expect(test.message().hasSuffix("more than the limit of 1099511627776"), "\(test.message())")
        }
    }

    /// Images take their own way through a session: the same pixels.
    @Test(
        arguments: ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"],
        ["floor", "ceil", "round_prefer_ceil", "round_prefer_floor"])
    func imagesTakeTheSamePixels(coordinates: String, nearest: String) throws {
        for (n, m) in [(6, 2), (9, 3), (3, 8), (14, 2), (7, 2), (11, 26), (5, 5), (1, 4), (4, 1)] {
            for mode in ["nearest", "linear"] {
                var b = GraphBuilder()
                let x = b.graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(1), .fixed(n), .fixed(n)]))
                b.graph.outputs = [
                    b.node(
                        "Resize", [x, nil, nil, b.ints([1, 1, Int64(m), Int64(m)])],
                        [
                            ("mode", .string(Name(mode))),
                            ("coordinate_transformation_mode", .string(Name(coordinates))),
                            ("nearest_mode", .string(Name(nearest))),
                        ])
                ]
                let model = try Model(graph: b.graph),
                    inputs: [(name: Name, tensor: Constant)] = [("x", randomFloats([1, 1, n, n], seed: 4))]
                var options = SessionOptions()
                let fast = try Session(model, options: options).run(inputs)[0].tensor
                options.optimize = false
                options.referenceOnly = true
                let slow = try Session(model, options: options).run(inputs)[0].tensor
                #expect(difference(fast, slow) <= (mode == "nearest" ? 0 : 1e-6), "\(n) to \(m) by \(mode)")
            }
        }
    }
}
