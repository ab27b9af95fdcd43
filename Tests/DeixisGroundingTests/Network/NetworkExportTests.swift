@testable import DeixisGrounding
import DeixisGraph
@testable import DeixisTraining
import Testing

@Suite struct NetworkExportTests {
    @Test(arguments: [NetworkConfiguration.Interaction.Kind.alternate, .transformer])
    func graphOfTheNetwork(_ kind: NetworkConfiguration.Interaction.Kind) throws {
        var configuration = NetworkConfiguration.tiny
        configuration.groups.kind = kind
        configuration.fusion.kind = kind
        let network = try GroundingNetwork<Float>(configuration, seed: 3)
        let graph = try network.graph()

        #expect(graph.opset == 17)
        #expect(graph.inputs.map { graph[$0].name.description } == ["image", "token_ids", "attention_mask"])
        #expect(
            graph[graph.inputs[0]].type == TensorType(.uint8, [.symbol("batch"), .fixed(32), .fixed(32), .fixed(3)]))
        #expect(graph[graph.inputs[1]].type == TensorType(.int64, [.symbol("batch"), .symbol("length")]))
        #expect(graph.outputs.map { graph[$0].name.description } == ["box"])
        #expect(graph[graph.outputs[0]].type == TensorType(.float32, [.symbol("batch"), .fixed(4)]))

        // Every parameter but sigma under its own name, as a view of the network's memory.
        var byName: [String: Constant] = [:]
        for (id, constant) in graph.constants { byName[graph[id].name.description] = constant }
        for parameter in network.parameters.all where parameter.name != "loss.sigma" {
            let constant = try #require(byName[parameter.name], "\(parameter.name) is not in the graph")
            #expect(constant.shape == parameter.shape)
            parameter.value.withUnsafeBufferPointer { values in
                #expect(constant.bytes.baseAddress == UnsafeRawBufferPointer(values).baseAddress)
                #expect(constant.bytes.count == values.count * 4)
            }
        }
        #expect(byName["loss.sigma"] == nil)

        // Every value is made before it is used, names are unique, and no training operator is left.
        var made = Set(graph.inputs).union(graph.constants.keys)
        var names = Set<String>()
        for node in graph.nodes {
            #expect(
                node.inputs.allSatisfy { $0.map(made.contains) ?? true },
                "\(node.name) uses a value that is not made yet")
            for case let output? in node.outputs { #expect(made.insert(output).inserted) }
            #expect(names.insert(node.name.description).inserted, "two nodes named \(node.name)")
            #expect(node.op != "Dropout")
        }
        #expect(graph.outputs.allSatisfy(made.contains))
    }

    @Test func onlyATraceHasAGraph() throws {
        let network = try GroundingNetwork<Float>(.tiny, seed: 3)
        let (images, tokens, _) = syntheticBatch(.tiny, batch: 1, length: 4)
        let tape = Tape<Float>(.inference)
        let box = network(images, tokens, on: tape)
        #expect(throws: TrainingError.notTraced) { try tape.graph(outputs: [(name: "box", variable: box, shape: [])]) }
        #expect(
            TrainingError.notTraced.description
                == "the tape recorded no emission; run the network on a tape in mode .tracing")
    }

    /// The same seed and threads give the same bits: weights, loss and every gradient.
    @Test func deterministic() throws {
        func run() throws -> [Float] {
            var configuration = NetworkConfiguration.tiny
            configuration.dropout = 0.1
            let network = try GroundingNetwork<Float>(configuration, seed: 3)
            let (images, tokens, truth) = syntheticBatch(configuration, batch: 5, length: 6)
            let tape = Tape<Float>(.training(seed: 9))
            let loss = SelfPacedLoss(configuration.loss)(
                network(images, tokens, on: tape), truth: truth.map { Float($0) }, sigma: network.sigma)
            tape.backward(loss.total)
            return loss.total.tensor.values
                + network.parameters.trainable.flatMap { $0.value.values + ($0.gradient?.values ?? []) }
        }
        #expect(try run() == run())
    }
}
