import DeixisGraph
import Testing

@testable import DeixisRuntime

/// Attention between a long and a short side: other products, the same result but for rounding.
@Suite struct ReassociateTests {
    /// Cross attention of x [1, n, 64] over y [1, m, 48], 4 heads of 16, then a projection; inputs of which both sides
    /// depend on `z` too.
    static func graph(_ n: Int, _ m: Int, masked: Bool, xDependsOnY: Bool = true) -> Graph {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(n), .fixed(64)]))
        let y = b.graph.addInput("y", TensorType(.float32, [.fixed(1), .fixed(m), .fixed(48)]))
        let mask = b.graph.addInput("mask", TensorType(.float32, [.fixed(1), .fixed(m)]))
        var long = n > m ? x : y
        let short = n > m ? y : x
        if xDependsOnY {
            let mean = b.node("ReduceMean", [short], [("axes", .ints([1, 2])), ("keepdims", .int(1))])
            let bias = b.node("ReduceMean", [mask], [("axes", .ints([0, 1])), ("keepdims", .int(0))])
            long = b.node("Add", [b.node("Add", [long, mean]), b.node("Mul", [bias, b.scalar(1e-9)])])
        }
        let (q, s) = n > m ? (long, short) : (short, long)
        let bias = masked ? b.node("Unsqueeze", [mask, b.ints([1, 2])]) : nil
        let mixed = b.attention(
            b.linear(q, 64, 64), b.linear(s, 48, 64), b.linear(s, 48, 64), width: 64, heads: 4, mask: bias)
        b.graph.outputs = [b.node("Relu", [b.linear(mixed, 64, 80)])]
        return b.graph
    }

    @Test(arguments: [(512, 3), (512, 5), (1, 1024), (3, 1024)], [true, false])
    func sameResult(extents: (Int, Int), masked: Bool) throws {
        let (n, m) = extents
        let model = try Model(graph: Self.graph(n, m, masked: masked))
        let mask = (0..<m).map { Float($0 % 3 == 1 ? -1e9 : 0) }
        let inputs = [
            ("x" as Name, randomFloats([1, n, 64], seed: 1)), ("y", randomFloats([1, m, 48], seed: 2)),
            ("mask", floats([1, m], mask)),
        ]
        var options = SessionOptions()
        options.optimize = false
        options.referenceOnly = true
        let expected = try Session(model, options: options).run(inputs)[0].tensor
        options.optimize = true
        for referenceOnly in [true, false] {
            for threads in [1, 2] {
                options.referenceOnly = referenceOnly
                options.threads = threads
                let context = try Session(model, options: options).makeContext()
                #expect(difference(try context.run(inputs)[0].tensor, expected) < 1e-5)
                let ops = try #require(context.current?.plan.graph.nodes.map { "\($0.op)" })
                #expect(
                    ops.contains("HeadExpand") && !ops.contains("Attention") && ops.contains("HeadReduce") == (n < m),
                    "\(ops)")
            }
        }
    }

    /// As many keys as queries, too little to gain, or a long side whose projections stay from sentence to sentence:
    /// left alone.
    @Test(arguments: [(64, 64, true), (32, 4, true), (512, 3, false), (3, 1024, false)])
    func leftAlone(n: Int, m: Int, xDependsOnY: Bool) throws {
        let context = try Session(Model(graph: Self.graph(n, m, masked: true, xDependsOnY: xDependsOnY))).makeContext()
        try context.prepare([[1, n, 64], [1, m, 48], [1, m]])
        #expect(try #require(context.current?.plan.graph.nodes).contains { $0.op == "Attention" })
    }
}
