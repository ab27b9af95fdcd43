import DeixisGraph

extension Session {
    private static let mostAskedOneByOne = 64

    private static func decides(_ element: ElementType) -> Bool { element == .int64 || element == .int32 }

    /// The plan for inputs of `specs`: at hand, or made now. `contents` are known bytes of inputs; `keeping`: inputs
    /// that stay from run to run.
    func plan(
        _ specs: [TensorSpec], contents: [UnsafeRawBufferPointer?], keeping: [Int] = []
    ) throws(RuntimeError) -> Plan {
        try check(specs, shapesAreProven: plans.isProven(specs.map { $0.shape }))
        while true {
            let known = Shared.locked { plans.contentInputs }.filter { contents[$0] != nil }
            let bytes = known.map { contents[$0].map { Array($0) } ?? [] }
            let key = PlanTable.Key(shapes: specs.map { $0.shape }, contents: bytes, keeping: keeping)
            if let plan = plans.find(key) { return plan }
            do throws(RuntimeError) {
                return try preparation.planning.take { () throws(RuntimeError) -> Plan in
                    // Another thread may have made it meanwhile.
                    if let plan = plans.find(key) { return plan }
                    let plan = try roundingToNearest { () throws(RuntimeError) in
                        try makePlan(specs, contents: known.indices.map { (known[$0], bytes[$0]) }, keeping)
                    }
                    plans.add(key, plan)
                    return plan
                }
            } catch {
                // A value only the inputs' content can tell: plan for that content too.
                guard case .valueNotKnown(_, let node, let input) = error else { throw error }
                var isOpen = contents.map { $0 != nil }
                for position in known { isOpen[position] = false }
                var deciding = integerInputs(behind: node, input: input).filter { isOpen[$0] }
                if deciding.isEmpty { throw error }
                // Where so many decide one by one, the rest is asked for at once: each costs a look at the whole graph.
                if known.count >= Session.mostAskedOneByOne {
                    deciding += specs.indices.filter { isOpen[$0] && Session.decides(specs[$0].element) }
                }
                plans.contentDecides(deciding, of: specs.count)
            }
        }
    }

    /// The portable graph at `specs`, kept until a plan is made.
    func specialize(_ specs: [TensorSpec]) throws(RuntimeError) -> Graph {
        if let known = Shared.locked({ plans.specialized }), known.specs == specs { return known.graph }
        let graph = try Specialization.specialize(portable, inputs: specs, contents: [:], limits: options.limits)
        setSpecialized((specs, graph))
        return graph
    }

    /// What was there goes without the lock.
    private func setSpecialized(_ new: (specs: [TensorSpec], graph: Graph)?) {
        let old = Shared.locked {
            let old = plans.specialized
            plans.specialized = new
            return old
        }
        withExtendedLifetime(old) {}
    }

    private func makePlan(
        _ specs: [TensorSpec], contents: [(position: Int, bytes: [UInt8])], _ keeping: [Int]
    ) throws(RuntimeError) -> Plan {
        var known: [ValueID: Constant] = [:]
        for (position, bytes) in contents {
            known[portable.inputs[position]] = Constant(specs[position].element, specs[position].shape, bytes)
        }
        let weights = preparation.weights
        let start = Machine.nanoseconds, packedBefore = weights.nanoseconds
        var graph: Graph
        if let compiled = model.compiled {
            do throws(CompiledFileError) { graph = try compiled.graph(specs) } catch {
                throw RuntimeError(compiled.name, error)
            }
        } else {
            graph =
                known.isEmpty
                ? try specialize(specs)
                : try Specialization.specialize(portable, inputs: specs, contents: known, limits: options.limits)
        }
        setSpecialized(nil)
        let atShapes = Machine.nanoseconds
        if options.optimize, model.compiled == nil {
            graph = try Passes.run(Passes.target, on: graph, limits: options.limits)
        }
        let optimized = Machine.nanoseconds
        defer {
            weights.forgetSources()
            Shared.locked {
                plans.times.specialize = atShapes - start
                plans.times.target = optimized - atShapes
                plans.times.pack = weights.nanoseconds - packedBefore
                plans.times.plan = Machine.nanoseconds - optimized - plans.times.pack
            }
        }
        return try Planner.plan(
            graph, lowering: lowering, useKernels: !options.referenceOnly, keeping: keeping.map { graph.inputs[$0] },
            parts: plans.keptParts)
    }

    /// Positions of the graph inputs that input `input` of the node named `node` depends on: itself, and integers
    /// behind it. Where several nodes share the name, of all of them.
    private func integerInputs(behind node: Name, input: Int) -> [Int] {
        let starts = portable.nodes.compactMap { $0.name == node && input < $0.inputs.count ? $0.inputs[input] : nil }
        let types = inputTypes
        var isStart = [Bool](repeating: false, count: portable.values.count)
        for id in starts { isStart[id.index] = true }
        var positions = [Int?](repeating: nil, count: portable.values.count)
        for (position, id) in portable.inputs.enumerated() { positions[id.index] = position }
        var makers = [Int?](repeating: nil, count: portable.values.count)
        for (i, node) in portable.nodes.enumerated() {
            for case let output? in node.outputs { makers[output.index] = i }
        }
        var seen = [Bool](repeating: false, count: portable.values.count)
        var stack = starts
        var found: [Int] = []
        while let value = stack.popLast() {
            if seen[value.index] { continue }
            seen[value.index] = true
            if let position = positions[value.index] {
                let element = types[position].element
                if isStart[value.index] || Session.decides(element) { found.append(position) }
            }
            guard let maker = makers[value.index] else { continue }
            for case let next? in portable.nodes[maker].inputs { stack.append(next) }
        }
        return found
    }
}
