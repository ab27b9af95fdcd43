import DeixisExport
import DeixisGraph
import Foundation
import Testing

@testable import DeixisQuantization
@testable import DeixisRuntime

/// Compiled int8 models: what kernels read in place and what they want packed is in the file, whichever rows it is
/// compiled for.
@Suite struct CompiledQuantizedTests {
    /// x [n, 768] -> Linear 1024 -> ReLU -> Linear 64. The first weights are large enough to be read in place for few
    /// rows.
    static func wide() -> Graph {
        var noise = QuantizerTests.Noise(state: 21), graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), .fixed(768)]))
        func linear(_ name: Name, _ x: ValueID, _ i: Int, _ o: Int) -> ValueID {
            let w = graph.addConstant(name + ".weight", Constant(.float32, [i, o], noise.many(i * o)))
            let b = graph.addConstant(name + ".bias", Constant(.float32, [o], noise.many(o)))
            return graph.addNode(
                "Add", [graph.addNode("MatMul", [x, w], name: name + "/MatMul"), b], name: name + "/Add")
        }
        let y = linear("second", graph.addNode("Relu", [linear("first", x, 768, 1024)], name: "relu"), 1024, 64)
        graph[y].type = TensorType(.float32, [.symbol("n"), .fixed(64)])
        graph.outputs = [y]
        return graph
    }

    static func rows(_ count: Int) -> Constant {
        var noise = QuantizerTests.Noise(state: 5)
        return Constant(.float32, [count, 768], noise.many(count * 768))
    }

    @Test(arguments: [[8], [100], [8, 100], [100, 8]]) func manyRowsAndFew(prepared: [Int]) throws {
        var quantizer = try Quantizer(Self.wide())
        for count in [4, 8] { try quantizer.observe([("x", Self.rows(count))]) }
        let path = NSTemporaryDirectory() + "deixis-\(UUID().uuidString).onnx", compiled = path + ".deixis"
        defer { for path in [path, compiled] { try? FileManager.default.removeItem(atPath: path) } }
        try ONNXFile.write(try quantizer.quantized(), to: path)
        let context = try Session(try Model.load(path)).makeContext()
        for count in prepared { try context.prepare([[count, 768]]) }
        try context.session.compile(to: compiled)
        let ready = try Session(try Model.load(compiled)).makeContext()
        for count in [8, 100] {
            let inputs = [(name: "x" as Name, tensor: Self.rows(count))]
            guard prepared.contains(count) else {
                #expect(throws: RuntimeError.self) { try ready.run(inputs) }
                continue
            }
            let expected = try StoredExecutionTests.values(context, inputs)
            #expect(try StoredExecutionTests.values(ready, inputs) == expected)
            #expect(Set(expected).count > 100)
            #expect(ready.session.packedWeightBytes == 0)
        }
    }

    /// Trunk with a residual, attention, depthwise: all that a kernel may pack.
    @Test(arguments: StoredExecutionTests.graphs.indices, ["", "scalar", "v128", "avx2", "avx512"])
    func allOperators(index: Int, instructionSet: String) throws {
        let graph = StoredExecutionTests.graphs[index],
            path = NSTemporaryDirectory() + "deixis-\(UUID().uuidString).deixis"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let options = StoredExecutionTests.options { if !instructionSet.isEmpty { $0.instructionSet = instructionSet } }
        for model in [graph, try StoredExecutionTests.quantized(graph)] {
            let context = try Session(try Model(graph: model), options: options).makeContext()
            try context.prepare(
                model.inputs.map {
                    model[$0].type?.shape?.map { if case .fixed(let extent) = $0 { extent } else { 1 } } ?? []
                })
            try context.session.compile(to: path)
            let ready = try Session(try Model.load(path), options: options).makeContext()
            var noise = QuantizerTests.Noise(state: 9)
            for _ in 0..<3 {
                let inputs = QuantizerTests.inputs(graph, &noise)
                #expect(try StoredExecutionTests.values(ready, inputs) == StoredExecutionTests.values(context, inputs))
            }
            #expect(ready.session.packedWeightBytes == 0)
        }
    }
}
