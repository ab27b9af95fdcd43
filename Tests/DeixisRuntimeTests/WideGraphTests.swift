import CAllocations
import DeixisGraph
import Glibc
import Testing

@testable import DeixisRuntime

/// Graphs of tens of thousands of nodes, inputs or readers: time grows with them, not with their square.
@Suite struct WideGraphTests {
    private static let count = 4_000

    private static func context(_ graph: Graph) throws -> RunContext {
        let context = try Session(try Model(graph: graph)).makeContext()
        try context.prepare(graph.inputs.map { _ in [4] })
        return context
    }

    @Test(.timeLimit(.minutes(2))) func chain() throws {
        var graph = Graph(opset: 17)
        var y = graph.addInput("x", TensorType(.float32, [.fixed(4)]))
        for i in 0..<Self.count { y = graph.addNode(i % 2 == 0 ? "Abs" : "Neg", [y], name: Name("n\(i)")) }
        graph.outputs = [y]
        let context = try Self.context(graph)
        #expect(try context.run([("x", floats([4], [1, -2, 3, -4]))])[0].tensor.floats == [-1, -2, -3, -4])
        // One place in memory after another is free again.
        #expect(try #require(context.current).plan.activationBytes < 64 * 100)
    }

    @Test(.timeLimit(.minutes(2))) func fan() throws {
        var graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(4)])), count = 100_000
        for i in 0..<count { graph.outputs.append(Self.leaky(&graph, x, Float(i))) }
        let seconds = try Self.seconds {
            let outputs = try Self.context(graph).run([("x", floats([4], [1, -2, 3, -4]))])
            #expect(outputs.count == count && outputs[7].tensor.floats == [1, -14, 3, -28])
        }
        // Two, where nothing else runs; a sanitizer takes a multiple.
        #expect(seconds < (allocations_are_counted() ? 8 : 80))
    }

    private static func leaky(_ graph: inout Graph, _ x: ValueID, _ alpha: Float) -> ValueID {
        graph.addNode("LeakyRelu", [x], name: "n", attributes: [("alpha", .float(alpha))])
    }

    /// Seconds that this thread computes.
    private static func seconds(_ body: () throws -> Void) rethrows -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
        let start = now()
        try body()
        return now() - start
    }

    /// Four times as much takes about four times as long: not sixteen.
    private static func expectTimeBySize(
        _ sizes: (Int, Int), _ sourceLocation: SourceLocation = #_sourceLocation, _ body: (Int) throws -> Void
    ) throws {
        let small = try seconds { try body(sizes.0) }, large = try seconds { try body(sizes.1) }
        #expect(
            large < 2.2 * small * Double(sizes.1) / Double(sizes.0) + 0.05, "\(small) and \(large) seconds",
            sourceLocation: sourceLocation)
    }

    /// All passes change it: each reader is replaced by one of the runtime's own, and half of them are twins.
    @Test(.timeLimit(.minutes(2))) func fanOfReadersTakesTimeByItsSize() throws {
        try Self.expectTimeBySize((20_000, 80_000)) { count in
            var graph = Graph(opset: 17)
            let x = graph.addInput("x", TensorType(.float32, [.fixed(4)]))
            for i in 0..<count { graph.outputs.append(Self.leaky(&graph, x, Float(i / 2))) }
            graph = try Passes.run(Passes.portable, on: graph)
            graph = try Specialization.specialize(graph, inputs: [TensorSpec(.float32, [4])], contents: [:])
            graph = try Passes.run(Passes.target, on: graph)
            #expect(graph.nodes.count == count / 2 && graph.nodes[7].op == "Activate")
        }
    }

    /// Products of one value are taken together, as many at a time as one step holds.
    @Test(.timeLimit(.minutes(2))) func fanOfProductsTakesTimeByItsSize() throws {
        try Self.expectTimeBySize((5_000, 20_000)) { count in
            var graph = Graph(opset: 17)
            let x = graph.addInput("x", TensorType(.float32, [.fixed(1), .fixed(2)]))
            for i in 0..<count {
                let weight = graph.addConstant("w", floats([2, 1], [Float(i), 1]))
                graph.outputs.append(graph.addNode("MatMul", [x, weight], name: "n"))
            }
            graph = try Passes.run(Passes.portable, on: graph)
            graph = try Specialization.specialize(graph, inputs: [TensorSpec(.float32, [1, 2])], contents: [:])
            graph = try Passes.run(Passes.target, on: graph)
            #expect(graph.nodes.count == (count + Products.mostParts - 1) / Products.mostParts)
        }
    }

    /// Twins beyond any number of other readers, and those whose operands turn out to be twins.
    @Test func twinsAreFoundAmongManyReaders() throws {
        var graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(4)]))
        for i in 0..<2_000 {
            let y = Self.leaky(&graph, x, Float(i % 1_000))
            graph.outputs.append(graph.addNode("Exp", [y], name: "exp"))
        }
        let editor = GraphEditor(graph)
        #expect(editor.rewrite(ShareEqualNodes.rule) == 2_000)
        let shared = try editor.finish()
        #expect(shared.nodes.count == 2_000 && shared.outputs[1_007] == shared.outputs[7])
    }

    /// Readers keep their order through removals and redirections.
    @Test func readersAreThoseThatRead() throws {
        var graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(4)])), y = graph.addNode("Abs", [x], name: "y")
        let sum = graph.addNode("Add", [y, y], name: "sum"), rest = graph.addNode("Sub", [x, y], name: "rest")
        graph.outputs = [sum, rest]
        let editor = GraphEditor(graph)
        func readers(_ id: ValueID) -> [Int] { editor.readers(of: id).map { $0.index } }
        #expect(readers(x) == [0, 2] && readers(y) == [1, 1, 2])
        var patch = Patch(editor, removing: [NodeID(0)])
        patch.redirect(y, to: x)
        editor.apply(patch)
        #expect(readers(x) == [2, 1, 1, 2] && readers(y).isEmpty && !editor.isRead(y) && !editor.vanishes(x))
        editor.apply(Patch(editor, removing: [NodeID(1)]))
        #expect(readers(x) == [2, 2])
        editor.apply(Patch(editor, removing: [NodeID(2)]))
        #expect(readers(x).isEmpty && editor.readers(of: x).first == nil)
    }

    /// The best of a long row, in order, whatever order they came in.
    @Test(.timeLimit(.minutes(2))) func largeTopKTakesTimeByItsSize() throws {
        try Self.expectTimeBySize((20_000, 80_000)) { count in
            let rising = (0..<count).map { Float($0 / 2) }, k = count - 1
            let found = try OperatorCase(
                op: "TopK", inputs: [floats([count], rising), int64s([Int64(k)])], outputs: 2
            ).reference()
            let expected = rising.indices.sorted { (rising[$1], $0) < (rising[$0], $1) }.prefix(k)
            #expect(found[1]?.integers == Array(expected))
        }
    }

    /// As many inputs decide extents as there are nodes.
    @Test(.timeLimit(.minutes(2))) func manyInputsThatDecideShapes() throws {
        var graph = Graph(opset: 17), sum: ValueID?
        let count = 500, x = graph.addInput("x", TensorType(.float32, [.fixed(4)]))
        var tensors: [(Name, Constant)] = [("x", floats([4], [1, 2, 3, 4]))]
        for i in 0..<count {
            let shape = graph.addInput(Name("shape\(i)"), TensorType(.int64, [.fixed(1)]))
            tensors.append((Name("shape\(i)"), int64s([4])))
            let reshaped = graph.addNode("Reshape", [x, shape], name: Name("reshape\(i)"))
            sum = sum.map { graph.addNode("Add", [$0, reshaped], name: Name("add\(i)")) } ?? reshaped
        }
        graph.outputs = [try #require(sum)]
        let session = try Session(try Model(graph: graph))
        #expect(try session.run(tensors)[0].tensor.floats == [500, 1000, 1500, 2000])
        // One by one at first, then all at once.
        #expect(Shared.locked { session.plans.contentInputs.count } == count)
    }

    @Test(.timeLimit(.minutes(2))) func manyInputs() throws {
        var graph = Graph(opset: 17)
        for i in 0..<Self.count { _ = graph.addInput(Name("x\(i)"), TensorType(.float32, [.fixed(4)])) }
        graph.outputs = [graph.addNode("Add", [graph.inputs[3], graph.inputs[Self.count - 1]], name: "sum")]
        let tensors = (0..<Self.count).map { (Name("x\($0)"), floats([4], [Float($0), 0, 0, 0])) }
        #expect(try Self.context(graph).run(tensors)[0].tensor.floats == [Float(Self.count + 2), 0, 0, 0])
    }

    /// What is alive at the same time lies side by side, also where the sweep lays it out.
    @Test func sweepKeepsApart() {
        var placement = Placement(valueCount: Placement.mostCompared + 1)
        var state: UInt64 = 1
        for i in 0..<2000 {
            state = state &* 6364136223846793005 &+ 1442695040888963407
            let first = Int(state >> 40) % 500
            placement.add(ValueID(i), byteCount: Int(state >> 33) % 5000, step: first, isPinned: i % 97 == 0)
            placement.touch(ValueID(i), step: first + Int(state >> 50) % 20)
        }
        let (places, total) = placement.layout()
        let roots = placement.roots
        var overlaps = 0
        for i in 0..<2000 {
            guard let a = roots[i] else { continue }
            #expect(places[i] + a.byteCount <= total && places[i] % 64 == 0)
            for j in 0..<i {
                guard let b = roots[j], a.isPinned || b.isPinned || a.first <= b.last && b.first <= a.last
                else { continue }
                if places[i] < places[j] + b.byteCount && places[j] < places[i] + a.byteCount { overlaps += 1 }
            }
        }
        #expect(overlaps == 0)
    }
}
