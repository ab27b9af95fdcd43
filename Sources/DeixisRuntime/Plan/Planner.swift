import CDeixisSystem
import DeixisGraph

/// Specialized graph -> plan: lower each node, share memory where it may be shared, lay the rest out in one arena, bind
/// addresses.
struct Planner {
    private let graph: Graph
    /// What of the graph depends on kept inputs alone.
    private let split: KeptSplit
    private let keptInputs: [ValueID]
    private var keptSteps = 0
    private let lowering: Lowering
    private let useKernels: Bool
    private var placement: Placement
    private var lowered: [(call: OperatorCall, kernel: Kernel)] = []
    private var constants: [ValueID: Constant] = [:]
    private var readerCounts: [Int]

    /// `useKernels` false: references only. `keeping`: inputs that stay from run to run; `parts`: kept parts of other
    /// plans, to be shared where they are the same.
    static func plan(
        _ graph: Graph, lowering: Lowering, useKernels: Bool, keeping: [ValueID] = [], parts: [KeptPart] = []
    ) throws(RuntimeError) -> Plan {
        // Packings of a plan whose making ended with an error.
        _ = lowering.weights.takeOwn()
        var planner = Planner(KeptSplit(graph, keeping: keeping), keeping, lowering: lowering, useKernels: useKernels)
        try planner.lower()
        planner.shareInPlace()
        return try planner.settle(parts)
    }

    private init(_ split: KeptSplit, _ keeping: [ValueID], lowering: Lowering, useKernels: Bool) {
        self.split = split
        keptInputs = keeping
        graph = split.graph
        self.lowering = lowering
        self.useKernels = useKernels
        placement = Placement(valueCount: graph.values.count)
        readerCounts = Array(repeating: 0, count: graph.values.count)
        for node in graph.nodes { for case let id? in node.inputs { readerCounts[id.index] += 1 } }
        for id in graph.outputs { readerCounts[id.index] += 1 }
    }

    // MARK: Lowering and views

    private mutating func lower() throws(RuntimeError) {
        for id in graph.inputs {
            placement.add(id, byteCount: graph.spec(id)?.byteCount ?? 0, step: 0, isPinned: true)
        }
        for id in keptInputs { placement.keep(id) }
        for (i, node) in graph.nodes.enumerated() {
            let definition = try Catalog.require(node, opset: graph.opset)
            let call = try prepareCall(
                node, definition, opset: graph.opset, inputs: node.inputs.map { $0.flatMap { graph.spec($0) } },
                constants: node.inputs.map { $0.flatMap { graph.constants[$0] } }, limits: lowering.limits)
            for (id, spec) in zip(node.outputs, call.outputs) {
                // Memory is laid out by what is inferred here and read by what the graph says.
                if let id, let stated = graph.spec(id), stated != spec {
                    throw call.invalid("makes \(spec?.shape ?? []), the graph says \(stated.shape)")
                }
            }
            if let view = definition.view?(call), place(view, call) { continue }
            let step = lowered.count
            for (id, spec) in zip(node.outputs, call.outputs) {
                if let id, let spec { placement.add(id, byteCount: spec.byteCount, step: step) }
            }
            for case let id? in node.inputs {
                placement.touch(id, step: step)
                if i >= split.count { keepIfUnchanged(id) }
            }
            if i < split.count { keptSteps = step + 1 }
            if call.outputs.allSatisfy({ $0.map { $0.count == 0 } ?? true }) {
                // Extents of 0 may stand beside very large ones: nothing is walked, and no table made, for outputs
                // without elements.
                lowered.append((call, Kernel("empty") { _, _, _ in }))
            } else if useKernels, let kernel = try Catalog.lowering(of: definition)?(call, lowering) {
                try call.check(.macs, kernel.macs, limit: lowering.limits.macs)
                lowered.append((call, kernel))
            } else {
                let compute = try definition.evaluate(call)
                lowered.append((call, Kernel("reference") { buffers, _, _ in compute(buffers) }))
            }
        }
        for id in graph.outputs {
            placement.pin(id)
            keepIfUnchanged(id)
        }
    }

    /// A changed step or the caller reads memory that only kept steps write: it stays.
    private mutating func keepIfUnchanged(_ id: ValueID) {
        if !split.isChanged[placement.find(id).root] { placement.keep(id) }
    }

    /// Whether memory could be shared as `view` says.
    private mutating func place(_ view: View, _ call: OperatorCall) -> Bool {
        switch view {
        case .outputsInside(let input, let offsets):
            guard let source = call.node.inputs[input] else { return false }
            for (k, output) in call.node.outputs.enumerated() {
                guard let output, let spec = call.outputs[k] else { continue }
                if let constant = graph.constants[source] ?? constants[source] {
                    let begin = constant.range.lowerBound + offsets[k]
                    constants[output] = Constant(
                        type: spec.element, shape: spec.shape, storage: constant.storage,
                        range: begin..<begin + spec.byteCount)
                } else {
                    placement.add(output, byteCount: spec.byteCount, step: lowered.count)
                    placement.put(output, inside: source, at: offsets[k])
                }
            }
            return true
        case .inputsInsideOutput(let offsets):
            guard let output = call.node.outputs[0], let spec = call.outputs[0] else { return false }
            // Each input must be all of its memory, be made by a step, and be nobody else's.
            for case let id? in call.node.inputs {
                guard graph.constants[id] == nil, constants[id] == nil, readerCounts[id.index] == 1,
                    let root = placement.root(id), !root.isPinned,
                    placement.find(id).root == id.index, root.byteCount == graph.spec(id)?.byteCount,
                    split.isChanged[id.index] == split.isChanged[output.index]
                else { return false }
            }
            placement.add(output, byteCount: spec.byteCount, step: lowered.count)
            for (id, offset) in zip(call.node.inputs, offsets) {
                if let id { placement.put(id, inside: output, at: offset) }
            }
            return true
        }
    }

    // MARK: In place

    /// A kernel that may write over an input does so where this step is the last to need that input's memory.
    private mutating func shareInPlace() {
        for (step, entry) in lowered.enumerated() {
            guard let output = entry.call.node.outputs.first ?? nil, placement.find(output).offset == 0,
                let target = placement.root(output), placement.find(output).root == output.index, !target.isPinned
            else { continue }
            for index in entry.kernel.inPlace {
                guard index < entry.call.node.inputs.count, let input = entry.call.node.inputs[index],
                    graph.constants[input] == nil, constants[input] == nil
                else { continue }
                let (root, offset) = placement.find(input)
                guard let source = placement.roots[root], !source.isPinned, source.last == step, source.first < step,
                    offset == 0,
                    source.byteCount == target.byteCount, root != placement.find(output).root
                else { continue }
                // No other input may still be read from the same memory, unless it too is read element by element.
                let shared = entry.call.node.inputs.indices.contains { other in
                    guard other != index, !entry.kernel.inPlace.contains(other), let id = entry.call.node.inputs[other],
                        graph.constants[id] == nil, constants[id] == nil
                    else { return false }
                    return placement.find(id).root == root
                }
                if shared { continue }
                placement.put(output, inside: input, at: 0)
                break
            }
        }
    }

    // MARK: Addresses

    private mutating func settle(_ parts: [KeptPart]) throws(RuntimeError) -> Plan {
        let (offsets, activationBytes) = placement.layout()
        let part = keptPart(parts)
        var keptOffsets: [Int: Int] = [:]
        // Of a shared part too, values are named by the plan it was made for: they are in the same order.
        for (root, value) in zip(keptRoots(), part?.values ?? []) { keptOffsets[root] = value.offset }
        var perWorker = 0
        for entry in lowered { perWorker = max(perWorker, (entry.kernel.scratchBytes + 63) & ~63) }
        guard perWorker < 1 << 40, !lowered.contains(where: { $0.kernel.scratchBytes < 0 }) else {
            throw .outOfMemory(bytes: perWorker)
        }
        do throws(LimitExceeded) {
            let scratchBytes = perWorker * lowering.threads
            try LimitExceeded.check(
                .plannedBytes, activationBytes.addingClamped(scratchBytes), limit: lowering.limits.plannedBytes)
        } catch {
            throw .limit(op: "", node: "", error)
        }
        var inPlace: [Constant] = []

        func variable(_ id: ValueID) -> Address {
            let (root, offset) = placement.find(id)
            if let place = keptOffsets[root] { return .kept(place + offset) }
            return .arena(offsets[root] + offset)
        }
        func address(_ id: ValueID, anyAddress: Bool = false) throws(RuntimeError) -> Address {
            guard let constant = graph.constants[id] ?? constants[id] else { return variable(id) }
            let aligned = try lowering.weights.aligned(constant, anyAddress: anyAddress)
            inPlace.append(aligned)
            return aligned.pointer.map { .constant($0) } ?? .arena(0)
        }

        var steps: [Plan.Step] = []
        for (call, kernel) in lowered {
            var bytes = 0
            for case let spec? in call.inputs { bytes += spec.byteCount }
            for case let spec? in call.outputs { bytes += spec.byteCount }
            var inputs: [Address?] = []
            for (i, id) in call.node.inputs.enumerated() {
                guard let id, !kernel.unused.contains(i) else { inputs.append(nil); continue }
                inputs.append(try address(id, anyAddress: kernel.unaligned.contains(i)))
            }
            let outputs = call.node.outputs.map { $0.map { variable($0) } }
            if deixis_memory_is_short() { throw .outOfMemory(bytes: 0) }
            steps.append(Plan.Step(node: call.node, kernel: kernel, byteCount: bytes, inputs: inputs, outputs: outputs))
        }
        var outputs: [(TensorSpec, Address)] = []
        for id in graph.outputs { outputs.append((graph.spec(id) ?? TensorSpec(.uint8, []), try address(id))) }
        return Plan(
            steps: steps,
            inputs: graph.inputs.map { (graph.spec($0) ?? TensorSpec(.uint8, []), variable($0)) }, outputs: outputs,
            activationBytes: activationBytes, scratchStride: perWorker, threads: lowering.threads, keptSteps: keptSteps,
            kept: part,
            graph: graph, constants: inPlace, packings: lowering.weights.takeOwn())
    }

    /// Values whose memory is kept: inputs first, then as they are made.
    private func keptRoots() -> [Int] {
        var roots: [Int] = []
        func add(_ id: ValueID) { if placement.roots[id.index]?.isKept == true { roots.append(id.index) } }
        for id in graph.inputs where keptInputs.contains(id) { add(id) }
        for node in graph.nodes.prefix(split.count) { for case let id? in node.outputs { add(id) } }
        return roots
    }

    /// What is kept: an equal part of another plan, or a new one.
    private func keptPart(_ parts: [KeptPart]) -> KeptPart? {
        guard !keptInputs.isEmpty else { return nil }
        let positions = graph.inputs.indices.filter { keptInputs.contains(graph.inputs[$0]) }
        let part = KeptPart(graph: graph, count: split.count, inputs: positions)
        for root in keptRoots() { part.add(ValueID(root), byteCount: placement.roots[root]?.byteCount ?? 0) }
        return parts.first { $0.isSame(as: part) } ?? part
    }
}
