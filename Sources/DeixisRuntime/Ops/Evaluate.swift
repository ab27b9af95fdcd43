import CDeixisSystem
import DeixisGraph

/// Runs one node by its reference on known inputs: constant folding, and the specification in tests.
func evaluate(_ node: Node, opset: Int, inputs: [Constant?]) throws(RuntimeError) -> [Constant?] {
    let definition = try Catalog.require(node, opset: opset)
    let call = try prepareCall(
        node, definition, opset: opset, inputs: inputs.map { $0.map { TensorSpec($0) } }, constants: inputs)
    return try fold(call, definition, inputs: inputs)
}

/// The outputs of a prepared call. Inputs may be nil where the operator looks at shapes alone.
func fold(_ call: OperatorCall, _ definition: OperatorDefinition, inputs: [Constant?]) throws(RuntimeError)
    -> [Constant?]
{
    // Nothing is walked for outputs without elements: extents of 0 may stand beside very large ones.
    let isEmpty = call.outputs.allSatisfy { $0.map { $0.count == 0 } ?? true }
    let compute = isEmpty ? { _ in } : try definition.evaluate(call)
    return try run(call, inputs: inputs, scratchBytes: 0) { compute($0) }
}

/// The same by the fast kernel, tasks in order on the calling thread; nil where the operator has none for these shapes.
func evaluateLowered(_ node: Node, opset: Int, inputs: [Constant?], known: [Int], _ lowering: Lowering)
    throws(RuntimeError) -> [Constant?]?
{
    let definition = try Catalog.require(node, opset: opset)
    let constants = inputs.indices.map { known.contains($0) ? inputs[$0] : nil }
    let call = try prepareCall(
        node, definition, opset: opset, inputs: inputs.map { $0.map { TensorSpec($0) } }, constants: constants)
    guard let kernel = try definition.lower?(call, lowering) else { return nil }
    return try run(call, inputs: inputs, scratchBytes: kernel.scratchBytes) { buffers in
        for phase in kernel.phases { for task in 0..<phase.tasks { phase.run(buffers, task, 0) } }
    }
}

/// Checks arity and element types, infers, and returns the call with its wanted outputs.
func prepareCall(
    _ node: Node, _ definition: OperatorDefinition, opset: Int, inputs: [TensorSpec?], constants: [Constant?],
    limits: Limits = Limits()
) throws(RuntimeError) -> OperatorCall {
    if deixis_memory_is_short() { throw .outOfMemory(bytes: 0) }
    var call = OperatorCall(node: node, opset: opset, inputs: inputs, constants: constants, limits: limits)
    guard inputs.count >= definition.inputs.lowerBound, inputs.count <= definition.inputs.upperBound else {
        throw call.invalid(
            "has \(inputs.count) inputs, expected \(definition.inputs.lowerBound) to \(definition.inputs.upperBound)")
    }
    if definition.typedBy < inputs.count, let typed = inputs[definition.typedBy],
        !definition.types.contains(typed.element)
    {
        throw .unsupportedElementType(op: node.op, node: node.name, got: typed.element, claimed: definition.types)
    }
    let inferred = try definition.infer(call)
    for spec in inferred {
        guard spec.element.byteCount != nil else { throw call.invalid("an output holds strings") }
        do throws(ShapeError) { try spec.check(limits) } catch {
            throw call.invalid("an output of shape \(spec.shape) \(error.message)")
        }
        try call.check(.plannedBytes, spec.byteCount, limit: limits.plannedBytes)
    }
    if inputs.isEmpty, let made = inferred.first, !definition.types.contains(made.element) {
        throw .unsupportedElementType(op: node.op, node: node.name, got: made.element, claimed: definition.types)
    }
    for (i, wanted) in node.outputs.enumerated() {
        guard wanted != nil else { call.outputs.append(nil); continue }
        guard i < inferred.count else { throw call.invalid("output \(i) is not supported") }
        call.outputs.append(inferred[i])
    }
    return call
}

private func run(_ call: OperatorCall, inputs: [Constant?], scratchBytes: Int, _ compute: (Buffers) -> Void)
    throws(RuntimeError) -> [Constant?]
{
    var aligned: [Constant?] = [], results: [MutableBytes?] = []
    for input in inputs {
        if let input { aligned.append(try input.aligned()) } else { aligned.append(nil) }
    }
    for output in call.outputs {
        if let output { results.append(try MutableBytes(byteCount: output.byteCount)) } else { results.append(nil) }
    }
    let scratch = try MutableBytes(byteCount: scratchBytes), faults = FaultRecord()
    compute(
        Buffers(
            inputs: aligned.map { $0.flatMap { $0.pointer } }, outputs: results.map { $0?.pointer },
            scratch: scratch.pointer, scratchStride: 0,
            faults: faults))
    // `aligned` keeps the inputs' bytes alive until here.
    withExtendedLifetime(aligned) {}
    try faults.check(call.node.op, call.node.name)
    return results.indices.map { i in
        guard let result = results[i], let spec = call.outputs[i] else { return nil }
        return Constant(type: spec.element, shape: spec.shape, storage: result.storage(), range: 0..<spec.byteCount)
    }
}

/// Zeroed memory of our own, 64-byte aligned, that can become a constant's storage.
final class MutableBytes: @unchecked Sendable {
    // Written only before it is shared.
    let pointer: UnsafeMutableRawPointer
    let byteCount: Int

    /// Zeros.
    init(byteCount: Int) throws(RuntimeError) {
        guard byteCount >= 0, let memory = deixis_allocate_pages(max(byteCount, 64), 64) else {
            throw .outOfMemory(bytes: byteCount)
        }
        self.byteCount = byteCount
        pointer = memory
        pointer.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }

    deinit { deixis_deallocate(pointer) }

    func storage() -> ByteStorage {
        ByteStorage(
            bytes: UnsafeRawBufferPointer(start: pointer, count: byteCount),
            release: { [self] in withExtendedLifetime(self) {} })
    }
}

/// Memory that a step's reference works in beside its tensors, whichever thread runs it: as many pieces as were ever in
/// use at once.
final class ReferenceScratch: Sendable {
    private let byteCount: Int
    private let idle = Idle<MutableBytes>(limit: 64)

    init(_ call: OperatorCall, byteCount: Int) throws(RuntimeError) {
        self.byteCount = byteCount
        idle.give(try call.memory(byteCount: byteCount))
    }

    func use(_ body: (UnsafeMutableRawPointer) -> Void) {
        var memory = idle.take()
        // Where there is no memory for another piece, one that a thread works in will come back.
        while memory == nil { memory = (try? MutableBytes(byteCount: byteCount)) ?? idle.take() }
        guard let memory else { return }
        body(memory.pointer)
        idle.give(memory)
    }
}

extension Constant {
    /// Where the first element lies; not nil.
    var pointer: UnsafeRawPointer? { storage.bytes.baseAddress.map { $0 + range.lowerBound } }

    /// Itself, or a copy where a view into a file does not lie on a multiple of its element size.
    func aligned() throws(RuntimeError) -> Constant {
        let size = type.byteCount ?? 1
        if let pointer, Int(bitPattern: pointer) % size == 0 { return self }
        return try Constant(TensorSpec(self), copying: bytes)
    }
}
