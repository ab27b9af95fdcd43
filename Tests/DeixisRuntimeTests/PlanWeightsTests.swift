import DeixisGraph
import Foundation
import Testing

@testable import DeixisRuntime

private enum Rounding {
    /// fesetround's numbers of all but to nearest.
    #if arch(x86_64)
        static let directions: [Int32] = [0x400, 0x800, 0xC00]
    #else
        static let directions: [Int32] = [0x400000, 0x800000, 0xC00000]
    #endif
}

/// Plans come and go; the weights they pack stay those of the model.
@Suite struct PlanWeightsTests {
    /// x W of float rows, with W made from constants, and from how many rows there are.
    static func products() -> Graph {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.symbol("n"), .fixed(64)]))
        let scaled = b.node("Mul", [b.weights([64, 48]), b.scalar(0.5)])
        let rows = b.node("Gather", [b.node("Shape", [x]), b.ints([0])])
        let grown = b.node("Mul", [b.weights([48, 32]), b.node("Cast", [rows], [("to", .int(1))])])
        b.graph.outputs = [b.node("MatMul", [b.node("MatMul", [x, scaled]), grown])]
        return b.graph
    }

    /// As PyTorch's exporter writes a linear layer, quantized: a product, then its bias.
    static func stored() -> Graph {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.symbol("n"), .fixed(64)]))
        let product = b.node("MatMul", [b.rounded(x, 0.0625, 128), b.stored([64, 48])])
        let bias = b.constant(floats([48], (0..<48).map { Float($0) / 16 }))
        b.graph.outputs = [b.rounded(b.node("Add", [product, bias]), 0.25, 100)]
        return b.graph
    }

    @Test("Weights are packed once, however many plans are made of them", arguments: ["products", "stored"])
    func nothingGrowsWithPlans(kind: String) throws {
        let graph = kind == "products" ? Self.products() : Self.stored(), model = try Model(graph: graph)
        var options = SessionOptions()
        options.plannedShapes = 3
        let session = try Session(model, options: options)
        options.referenceOnly = true
        let slow = try Session(model, options: options)
        var packed: Int?, entries: Int?
        for rows in [1, 2, 7, 3, 30, 7, 2, 11, 1] {
            let input = [(name: Name("x"), tensor: randomFloats([rows, 64], seed: UInt64(rows)))]
            let fast = try session.run(input)[0].tensor.floats ?? [], exact = try slow.run(input)[0].tensor.floats ?? []
            let worst = zip(fast, exact).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
            #expect(
                fast.count == exact.count && worst <= (kind == "stored" ? 0 : 1e-4) * Float(rows), "\(rows): \(worst)")
            #expect(session.packedWeightBytes == packed ?? session.packedWeightBytes, "\(rows) rows")
            #expect(session.preparation.weights.entries.count == entries ?? session.preparation.weights.entries.count)
            (packed, entries) = (session.packedWeightBytes, session.preparation.weights.entries.count)
        }
        #expect(try #require(packed) > 0)
    }

    /// What only a plan has is packed for it, and lies in a compiled file like the rest.
    @Test func aPlansOwnWeightsAreCompiled() throws {
        let path = NSTemporaryDirectory() + "deixis-\(UUID().uuidString).deixis"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let context = try Session(try Model(graph: Self.products())).makeContext()
        for rows in [3, 5] { try context.prepare([[rows, 64]]) }
        let plan = try #require(context.current).plan
        #expect(plan.packings.count == 1 && context.session.preparation.weights.entries.count == 1)
        try context.session.compile(to: path)
        let ready = try Session(try Model.load(path))
        for rows in [3, 5] {
            let input = [(name: Name("x"), tensor: randomFloats([rows, 64], seed: 9))]
            #expect(try ready.run(input)[0].tensor.floats == context.session.run(input)[0].tensor.floats)
        }
        #expect(ready.packedWeightBytes == 0)
    }

    /// Constants that depend on no input are one before the first plan is made; stored weights are found before that.
    @Test func constantsAreFoldedOnce() throws {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.symbol("n"), .fixed(64)]))
        let (s, z) = b.parameters(0.0625, 0, .int8)
        let weights = b.node("DequantizeLinear", [b.node("QuantizeLinear", [b.weights([64, 48]), s, z]), s, z])
        let product = b.node("MatMul", [b.rounded(x, 0.0625, 128), weights])
        let sum = b.node("Add", [product, b.node("Neg", [b.weights([48])])])
        // A transposed matrix is read where it is, and no copy of it made.
        let transposed = b.node("Transpose", [b.weights([32, 48])], [("perm", .ints([1, 0]))])
        b.graph.outputs = [b.node("MatMul", [sum, transposed])]
        let portable = try Session(try Model(graph: b.graph)).portable
        let ops = portable.nodes.map { "\($0.spelledOp)" }
        #expect(ops == ["QuantizeLinear", "deixis.QLinear", "Add", "deixis.Linear"])
        #expect(portable.constants.values.contains { $0.shape == [32, 48] })
        #expect(
            !portable.constants.values.contains {
                $0.shape == [48, 32] || ($0.type == .float32 && $0.shape == [64, 48])
            })
        // Without passes the graph stays as it was read.
        var options = SessionOptions()
        options.optimize = false
        #expect(try Session(try Model(graph: b.graph), options: options).portable.nodes.count == b.graph.nodes.count)
    }

    /// A node that cannot be computed is an error of planning, which names it, not of making a session.
    @Test func whatCannotBeFoldedIsToldWhenPlanned() throws {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.symbol("n"), .fixed(4)]))
        let wrong = b.node("Gather", [b.weights([3, 4]), b.ints([7])])
        b.graph.outputs = [b.node("Add", [x, wrong])]
        let context = try Session(try Model(graph: b.graph)).makeContext()
        let error = #expect(throws: RuntimeError.self) { try context.prepare([[2, 4]]) }
        #expect(error?.description.contains("index out of range") == true, "\(String(describing: error))")
    }

    /// Profiling and tracing compute as runs do, however the host rounds.
    @Test func hostsRoundingChangesNoProfile() throws {
        let context = try Session(try Model(graph: Self.products())).makeContext()
        try context.prepare([[5, 64]])
        try context.inputBuffer(0).copyMemory(from: randomFloats([5, 64], seed: 3).bytes)
        func bits() throws -> [UInt8] { Array(try context.output(0).bytes) }
        try context.run()
        let expected = try bits()
        let before = fegetround()
        defer { fesetround(before) }
        for mode in Rounding.directions {
            for measure in [{ _ = try context.profile(runs: 2) }, { _ = try context.trace() }] {
                #expect(fesetround(mode) == 0)
                try measure()
                #expect(fegetround() == mode)
                fesetround(before)
                #expect(try bits() == expected)
            }
        }
    }
}
