import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Products of one x as one step: the same numbers, and only what may join joins.
@Suite struct FuseProductsTests {
    /// Three products of x of different widths, one of them with GELU behind it, one of something else, and one that
    /// adds x.
    static func graph() -> Graph {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(7), .fixed(48)]))
        let z = b.graph.addInput("z", TensorType(.float32, [.fixed(1), .fixed(7), .fixed(48)]))
        let q = b.linear(x, 48, 64), k = b.gelu(b.linear(x, 48, 20)), v = b.node("MatMul", [x, b.weights([48, 5])])
        b.graph.outputs = [q, k, v, b.linear(z, 48, 48), b.node("Add", [b.linear(x, 48, 48), x])]
        return b.graph
    }

    @Test(arguments: [1, 2], [true, false])
    func sameNumbers(threads: Int, referenceOnly: Bool) throws {
        let model = try Model(graph: Self.graph())
        let inputs = [("x" as Name, randomFloats([1, 7, 48], seed: 1)), ("z", randomFloats([1, 7, 48], seed: 2))]
        var options = SessionOptions()
        (options.optimize, options.referenceOnly) = (false, true)
        let expected = try Session(model, options: options).run(inputs)
        (options.optimize, options.referenceOnly, options.threads) = (true, referenceOnly, threads)
        let context = try Session(model, options: options).makeContext()
        for (got, want) in zip(try context.run(inputs), expected) {
            #expect(difference(got.tensor, want.tensor) < 1e-5)
        }
        let nodes = try #require(context.current?.plan.graph.nodes)
        #expect(nodes.filter { $0.op == "Products" }.map { $0.outputs.count } == [3])
        // The product that adds x keeps to itself, the product of z is alone.
        #expect(nodes.filter { $0.op == "Linear" }.count == 2, "\(nodes.map { "\($0.op)" })")
    }

    @Test func partsOfBadWidthAreNamed() throws {
        let node = Node(
            name: "together", domain: .deixis, op: "Products", inputs: [ValueID(0), ValueID(1), ValueID(2)],
            outputs: [ValueID(3)],
            attributes: [("op", .string("Linear")), ("width", .int(3))])
        let specs = [TensorSpec(.float32, [2, 4]), TensorSpec(.float32, [4, 4]), TensorSpec(.float32, [4])]
        let call = OperatorCall(node: node, opset: 17, inputs: specs, constants: [nil, nil, nil])
        let error = #expect(throws: RuntimeError.self) { try Products.definition.infer(call) }
        #expect(error?.description == "node 'together' (Products): 2 inputs behind the first are no parts of 3")
    }
}
