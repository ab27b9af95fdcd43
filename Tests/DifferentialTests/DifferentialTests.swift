import DeixisGraph
import DifferentialGraphs
import Foundation
import Testing

/// 2,000 random graphs, run in every way there is (tools/differential for more).
@Suite struct DifferentialTests {
    static let graphs: UInt64 = 2000, seed: UInt64 = 1

    /// A product rounded to the same steps twice, then added to: one rounding, which may be skipped. int8 from -128 and
    /// uint8 from 0 are the same steps.
    @Test(arguments: [ElementType.uint8, .int8])
    func roundedTwiceIsRoundedOnce(first: ElementType) throws {
        var graph = Graph(opset: 17)
        let shape = [1, 1, 1, 1], type = TensorType(.float32, shape.map { .fixed($0) })
        let x = graph.addInput("x", type), r = graph.addInput("r", type)
        func rounded(_ x: ValueID, _ scale: Float, zero: ElementType? = .uint8) -> ValueID {
            var parameters = [graph.addConstant("s", Constant(.float32, [], [scale]))]
            if let zero { parameters.append(graph.addConstant("z", .of(zero, [], [zero == .int8 ? -128 : 0]))) }
            let stored = graph.addNode("QuantizeLinear", [x] + parameters, name: "q")
            return graph.addNode("DequantizeLinear", [stored] + parameters, name: "dq")
        }
        let weight = graph.addNode(
            "DequantizeLinear",
            [
                graph.addConstant("w", .of(.int8, shape, [1])),
                graph.addConstant("step", Constant(.float32, [], [Float(0x1p-7)])),
            ], name: "weight")
        let product = graph.addNode("Conv", [rounded(x, 1), weight], name: "product")
        graph.outputs = [
            graph.addNode("Add", [r, rounded(rounded(product, 0x1p-5, zero: first), 0x1p-5, zero: nil)], name: "sum")
        ]
        let one = Constant.of(.float32, shape, [1])
        let test = DifferentialCase(graph: graph, inputs: [one, one], others: [one, one])
        try withFolder("rounded-\(first)") { folder in
            let verdict = Differential(folder: folder).check(test)
            if case .agrees = verdict {} else { Issue.record("\(verdict)") }
        }
    }

    @Test(arguments: 0..<8)
    func everyWayAgrees(part: Int) throws {
        var valid = 0
        try withFolder("\(part)") { folder in
            let differential = Differential(folder: folder)
            for number in UInt64(part) * Self.graphs / 8..<UInt64(part + 1) * Self.graphs / 8 {
                switch differential.check(Generator.make(seed: Self.seed, number: number), number: number) {
                case .agrees: valid += 1
                case .invalid: break
                case .differs(let difference):
                    Issue.record(
                        "graph \(number): \(difference); tools/differential --seed \(Self.seed) --from \(number) --graphs 1"
                    )
                }
            }
        }
        #expect(valid > Int(Self.graphs) / 8 * 9 / 10)
    }

    /// A folder for compiled files, removed afterwards.
    private func withFolder(_ name: String, _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "deixis-differential-\(getpid())-\(name)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }
}
