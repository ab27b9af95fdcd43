import DeixisGraph
import Testing

@testable import DeixisRuntime

/// relu(x w + b) reshaped to [batch * 2, 2] by a shape computed in the graph.
private func twoLayerGraph() -> Graph {
    var graph = Graph(opset: 17)
    let x = graph.addInput("x", TensorType(.float32, [.symbol("batch"), .fixed(3)]))
    let w = graph.addConstant("w", randomFloats([3, 4], seed: 1))
    let b = graph.addConstant("b", randomFloats([4], seed: 2))
    let product = graph.addNode("MatMul", [x, w], name: "fc", output: "product")
    let sum = graph.addNode("Add", [product, b], name: "bias", output: "sum")
    let y = graph.addNode("Relu", [sum], name: "relu", output: "y")
    let shape = graph.addConstant("shape", int64s([-1, 2]))
    graph.outputs = [y, graph.addNode("Reshape", [y, shape], name: "pairs", output: "pairs")]
    return graph
}

@Suite struct SessionTests {
    @Test(arguments: [true, false], [1, 2])
    func runsAtEveryBatch(optimize: Bool, threads: Int) throws {
        var options = SessionOptions()
        options.optimize = optimize
        options.threads = threads
        let context = try Session(Model(graph: twoLayerGraph()), options: options).makeContext()
        for batch in [1, 2, 5, 2] {
            let x = randomFloats([batch, 3], seed: UInt64(batch))
            let outputs = try context.run([("x", x)])
            let product = try OperatorCase(op: "MatMul", inputs: [x, randomFloats([3, 4], seed: 1)]).reference()[0]
            let sum = try OperatorCase(op: "Add", inputs: [product, randomFloats([4], seed: 2)]).reference()[0]
            let expected = try OperatorCase(op: "Relu", inputs: [sum]).reference()[0]
            #expect(outputs.map(\.name) == ["y", "pairs"])
            #expect(difference(outputs[0].tensor, expected) < 1e-6)
            #expect(outputs[1].tensor.shape == [batch * 2, 2])
            #expect(outputs[1].tensor.floats == outputs[0].tensor.floats)
        }
    }

    /// Someone has freed the batch of the input; what the file says of other values still holds the batch of 2.
    @Test func whatOtherValuesAreDeclaredAsIsNotBelieved() throws {
        var b = GraphBuilder()
        let x = b.graph.addInput("x", TensorType(.float32, [.fixed(2), .symbol("n")]))
        let relu = b.node("Relu", [x]), flat = b.node("Flatten", [relu], [("axis", .int(2))])
        let rows = b.node("Expand", [relu, b.ints([2, 3])])
        for id in [relu, flat] { b.graph[id].type = TensorType(.float32, [.fixed(2), .fixed(1)]) }
        b.graph[rows].type = TensorType(.float32, [.fixed(2), .fixed(1)])
        b.graph.outputs = [flat, rows]
        let context = try Session(Model(graph: b.graph)).makeContext()
        for n in [1, 3, 1] {
            let found = try context.run([("x", randomFloats([2, n], seed: 3))])
            #expect(found.map { $0.tensor.shape } == [[2 * n, 1], [2, 3]])
        }
    }

    @Test func threadsThatCannotBeHadAreAnError() throws {
        var options = SessionOptions()
        options.threads = 5000
        let error = #expect(throws: RuntimeError.self) { try Session(Model(graph: twoLayerGraph()), options: options) }
        #expect(error?.description == "5000 threads cannot be started: at most 1024")
        #expect(
            RuntimeError.threads(900, code: 11).description
                == "900 threads cannot be started: Resource temporarily unavailable")
    }

    @Test func buffersGiveTheSameAsRun() throws {
        let context = try Session(Model(graph: twoLayerGraph())).makeContext()
        let x = randomFloats([3, 3], seed: 9)
        let expected = try context.run([("x", x)])[0].tensor
        try context.prepare([[3, 3]])
        try context.inputBuffer(0).copyMemory(from: x.bytes)
        try context.run()
        let output = try context.output(0)
        #expect(output.shape == [3, 4])
        #expect(Array(output.bytes) == Array(expected.bytes))
    }

    @Test(arguments: [1, 2]) func tracesTellWhoDidWhatWhen(threads: Int) throws {
        var options = SessionOptions()
        options.threads = threads
        let context = try Session(Model(graph: twoLayerGraph()), options: options).makeContext()
        #expect(throws: RuntimeError.self) { try context.trace() }
        let expected = try context.run([("x", randomFloats([5, 3], seed: 5))])[0].tensor
        let trace = try context.trace(), profile = try context.profile(runs: 3)
        #expect(trace.steps.map(\.step) == Array(profile.steps.indices))
        #expect(zip(trace.steps, trace.steps.dropFirst()).allSatisfy { $0.end <= $1.start })
        for task in trace.tasks {
            let step = trace.steps[task.step]
            #expect(
                task.start >= step.start && task.end <= step.end && task.start <= task.end
                    && (0..<threads).contains(task.worker))
        }
        #expect(Set(trace.tasks.map(\.step)) == Set(trace.steps.map(\.step)))
        #expect(profile.steps.allSatisfy { $0.leastNanoseconds <= $0.nanoseconds })
        // A traced run is a run.
        let output = try context.output(0)
        #expect(Array(output.bytes) == Array(expected.bytes))
        #expect(
            context.session.times.specialize > 0 && context.session.times.target > 0 && context.session.times.plan > 0)
    }

    @Test func runsEndAtTheirDeadline() throws {
        let context = try Session(Model(graph: twoLayerGraph())).makeContext()
        #expect(throws: RuntimeError.self) { try context.run(before: Deadline(milliseconds: 1)) }
        let expected = try context.run([("x", randomFloats([2, 3], seed: 5))])[0].tensor
        #expect(throws: RuntimeError.self) { try context.run(before: Deadline(milliseconds: -1)) }
        try context.run(before: Deadline(milliseconds: 1e300))
        let output = try context.output(0)
        #expect(Array(output.bytes) == Array(expected.bytes))
    }

    @Test func badInputsAreNamed() throws {
        let context = try Session(Model(graph: twoLayerGraph())).makeContext()
        func message(_ inputs: [(name: Name, tensor: Constant)]) -> String {
            do throws(RuntimeError) { _ = try context.run(inputs); return "no error" } catch {
                return error.description
            }
        }
        #expect(message([]) == "input 'x' is missing; the model's inputs are 'x'")
        #expect(message([("y", floats([1], [1]))]) == "the model has no input 'y'; its inputs are 'x'")
        #expect(message([("x", floats([1, 4], [1, 2, 3, 4]))]) == "input 'x': expected shape [batch, 3], got [1, 4]")
        #expect(message([("x", int64s([1]))]) == "input 'x': expected float32, got int64")
        func shapes(_ shapes: [[Int]]) -> String {
            do throws(RuntimeError) { try context.prepare(shapes); return "no error" } catch {
                return error.description
            }
        }
        #expect(shapes([]) == "shapes of 0 inputs were given; the model has 1: 'x'")
        #expect(shapes([[1, 3], [1, 3]]) == "shapes of 2 inputs were given; the model has 1: 'x'")
    }

    @Test("Shapes for a model without inputs are an error, not a trap") func noInputs() throws {
        var graph = Graph(opset: 20)
        graph.outputs = [graph.addConstant("c", floats([1], [1]))]
        let context = try Session(Model(graph: graph)).makeContext()
        #expect(throws: RuntimeError.self) { try context.prepare([[1]]) }
    }

    @Test func shapeFromAnInputsContentIsPlannedPerContent() throws {
        var graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.float32, [.fixed(6)]))
        let shape = graph.addInput("shape", TensorType(.int64, [.fixed(2)]))
        graph.outputs = [graph.addNode("Reshape", [x, shape], name: "reshape", output: "y")]
        let context = try Session(Model(graph: graph)).makeContext()
        let x0 = randomFloats([6], seed: 3)
        #expect(try context.run([("x", x0), ("shape", int64s([2, 3]))])[0].tensor.shape == [2, 3])
        #expect(try context.run([("x", x0), ("shape", int64s([-1, 2]))])[0].tensor.shape == [3, 2])
    }

    @Test func shapeFromDataIsRefused() throws {
        var graph = Graph(opset: 17)
        let x = graph.addInput("x", TensorType(.int64, [.fixed(2)]))
        let y = graph.addInput("y", TensorType(.float32, [.fixed(4)]))
        let doubled = graph.addNode("Add", [x, x], name: "double", output: "doubled")
        graph.outputs = [graph.addNode("Reshape", [y, doubled], name: "reshape", output: "z")]
        let context = try Session(Model(graph: graph)).makeContext()
        let z = try context.run([("x", int64s([1, 1])), ("y", randomFloats([4], seed: 1))])
        #expect(z[0].tensor.shape == [2, 2])
        #expect(throws: RuntimeError.self) { try context.prepare([[2], [4]]) }
    }
}
