#if !hasFeature(Embedded)
    package import DeixisGraph

    /// A graph after one pass, for tests: which of the pass's rules changed it, and what came of it.
    package struct PassTrace {
        /// `portable` or `target`, and the pass.
        package let name: String
        /// How often each rule of the pass gave a patch.
        package let patches: [Int]
        package let graph: Graph

        /// What `graph` goes through on the way to a plan for inputs of `shapes`, pass by pass.
        package static func passes(of graph: Graph, at shapes: [[Int]]) throws(RuntimeError) -> [PassTrace] {
            var found: [PassTrace] = []
            var graph = graph
            graph = try Specialization.foldConstants(graph, of: "QuantizeLinear", limits: Limits())
            for pass in Passes.portable { graph = try apply(pass, "portable", graph, &found) }
            let specs = zip(graph.inputs, shapes).map { TensorSpec(graph[$0].type?.element ?? .float32, $1) }
            graph = try Specialization.specialize(graph, inputs: specs, contents: [:])
            found.append(PassTrace(name: "at shapes", patches: [], graph: graph))
            for pass in Passes.target { graph = try apply(pass, "target", graph, &found) }
            return found
        }

        private static func apply(
            _ pass: Pass, _ stage: String, _ graph: Graph, _ found: inout [PassTrace]
        ) throws(RuntimeError) -> Graph {
            var patches = pass.rules.map { _ in 0 }
            let editor = GraphEditor(graph)
            editor.rewrite(at: pass.ops) { editor, id, node in
                for (i, rule) in pass.rules.enumerated() {
                    guard let patch = rule(editor, id, node) else { continue }
                    patches[i] += 1
                    return patch
                }
                return nil
            }
            editor.removeUnused()
            do throws(GraphError) {
                let made = try editor.finish()
                found.append(PassTrace(name: "\(stage) \(pass.name)", patches: patches, graph: made))
                return made
            } catch {
                throw .invalidGraph(reason: Message(error.description))
            }
        }
    }

    extension RunContext {
        /// The graph of the current plan, after all passes; for tests.
        package var plannedGraph: Graph? { current?.plan.graph }
    }
#endif
