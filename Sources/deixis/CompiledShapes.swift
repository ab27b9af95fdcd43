import DeixisCommand
import DeixisGraph
import DeixisRuntime

/// The input shapes that a model is compiled for: each combination of what its symbolic dimensions may be.
struct CompiledShapes {
    let graph: Graph
    /// `--dim`; what is not named is chosen here.
    let ranges: [Name: ClosedRange<Int>]

    /// Shapes, and inputs that fit them.
    struct Sample {
        let shapes: [[Int]]
        let inputs: () -> [NumPyArray]
        /// `shapes` are those of `long` without padding, which input `mask` tells.
        var padding: (long: [[Int]], mask: Int)?
        /// The file states the shapes of `long` alone.
        var needsProof = false

        /// Sees to it that the session of `context` knows these shapes, and whether padding may be dropped to come to
        /// them. False: the model is not to be run at these.
        func prepare(_ context: RunContext) throws(RuntimeError) -> Bool {
            let isProven =
                padding.map { context.session.mayDropPadding(from: $0.long, to: shapes, mask: $0.mask) } ?? false
            guard isProven || !needsProof else { return false }
            try context.prepare(shapes)
            return true
        }

        /// The bytes of all outputs.
        func run(_ context: RunContext) throws(RuntimeError) -> [[UInt8]] {
            try context.prepare(shapes)
            for (i, input) in inputs().enumerated() { try context.inputBuffer(i).copyBytes(from: input.bytes) }
            try context.run()
            var outputs: [[UInt8]] = []
            for i in context.session.outputNames.indices { outputs.append(Array(try context.output(i).bytes)) }
            return outputs
        }
    }

    /// [CLS], a word, [SEP].
    private static let shortest = 3

    func samples() throws(CommandError) -> [Sample] {
        var sample = SampleInputs(graph: graph, chosen: ranges.mapValues(\.lowerBound))
        try sample.check()
        try sample.checkSizes()
        var sets: [[Name: Int]] = [[:]]
        for (name, extent) in sample.dimensions() {
            var range = ranges[name] ?? extent...extent
            if ranges[name] == nil, let longest = sample.maxLength, SampleInputs.isLength("\(name)") {
                range = min(Self.shortest, longest)...longest
            }
            guard range.count <= 1000, sets.count * range.count <= 1000 else {
                throw .usage("--dim: these are more than 1000 sets of input shapes")
            }
            sets = sets.flatMap { set in range.map { extent in set.merging([name: extent]) { $1 } } }
        }
        var samples: [Sample] = []
        for set in sets {
            sample.chosen = set
            samples.append(make(sample))
        }
        guard let mask = graph.inputs.firstIndex(where: { graph[$0].name == "attention_mask" }),
            let longest = samples.last?.shapes
        else { return samples }
        if case .fixed(let length)? = graph[graph.inputs[mask]].type?.shape?.last, sets.count == 1,
            let most = sample.maxLength
        {
            // A file of one length runs shorter sentences at theirs where that gives the same answer.
            for shorter in Self.shortest..<max(min(length, most), Self.shortest) {
                samples.append(make(sample, length, shorter, mask))
            }
        } else {
            for i in samples.indices.dropLast() where samples[i].shapes[mask].first == longest[mask].first {
                samples[i].padding = (longest, mask)
            }
        }
        return samples
    }

    private func make(_ sample: SampleInputs) -> Sample {
        Sample(shapes: graph.inputs.map(sample.shape)) { [graph] in graph.inputs.map(sample.array) }
    }

    /// With `shorter` tokens instead of `length`.
    private func make(_ sample: SampleInputs, _ length: Int, _ shorter: Int, _ mask: Int) -> Sample {
        var short = graph
        for id in graph.inputs {
            if let shape = graph[id].type?.shape, shape.count == 2, shape[1] == .fixed(length) {
                short[id].type?.shape?[1] = .fixed(shorter)
            }
        }
        var own = sample
        own.graph = short
        var result = CompiledShapes(graph: short, ranges: [:]).make(own)
        result.padding = (graph.inputs.map(sample.shape), mask)
        result.needsProof = true
        return result
    }
}
