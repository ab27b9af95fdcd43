public import DeixisGraph

/// What one run of a session needs of its own: memory for activations and scratch, the inputs and outputs in it, and
/// what is kept from run to run. Of use to one thread at a time; contexts of one session run side by side.
///
///     let context = session.makeContext()
///     try context.prepare([[1, 3, 224, 224]])
///     try context.inputBuffer(0).copyBytes(from: pixels)
///     try context.run()
///     let scores = try context.output(0)
public final class RunContext {
    public let session: Session
    private let memory: RunMemory
    /// The plan of the shapes prepared last.
    var current: BoundPlan? { memory.current }
    private var kept: KeptMemory? { memory.kept }
    /// Steps run so far.
    private(set) var stepsRun = 0

    init(_ session: Session, _ memory: RunMemory = RunMemory()) {
        self.session = session
        self.memory = memory
    }

    /// Bytes of memory of its own: activations, scratch and what is kept.
    public var byteCount: Int { memory.byteCount }

    // MARK: Preparing

    /// Plans these input shapes (in the model's order) and makes them current; known shapes cost a look-up.
    ///
    /// What the inputs at `keeping` hold, and all values that depend on them alone, stays from run to run, also when
    /// other inputs' shapes change: write them, `run()` or `runKept()`; then, as often as the others change, `prepare`
    /// their shapes, write them, `runChanged()`.
    public func prepare(_ shapes: [[Int]], keeping: [Int] = []) throws(RuntimeError) {
        let types = session.inputTypes
        guard shapes.count == types.count else { throw .inputCount(expected: session.inputNames, got: shapes.count) }
        let specs = zip(types, shapes).map { TensorSpec($0.element, $1) }
        try bind(try session.plan(specs, contents: specs.map { _ in nil }, keeping: keeping))
    }

    private func bind(_ plan: Plan) throws(RuntimeError) {
        try memory.bind(plan, most: max(session.options.plannedShapes, 1))
    }

    /// Where input `index` of the prepared shapes is to be written before `run()`. Valid until other shapes are
    /// prepared.
    public func inputBuffer(_ index: Int) throws(RuntimeError) -> UnsafeMutableRawBufferPointer {
        guard let current else { throw .notPlanned }
        return UnsafeMutableRawBufferPointer(
            start: current.inputs[index], count: current.plan.inputs[index].spec.byteCount)
    }

    /// Output `index` of the last run, until the next one.
    public func output(_ index: Int) throws(RuntimeError) -> (
        element: ElementType, shape: [Int], bytes: UnsafeRawBufferPointer
    ) {
        guard let current else { throw .notPlanned }
        let spec = current.plan.outputs[index].spec
        return (spec.element, spec.shape, UnsafeRawBufferPointer(start: current.outputs[index], count: spec.byteCount))
    }

    // MARK: Running

    /// Runs the model on `inputs`, in any order. The outputs are copies, in the model's order.
    public func run(_ inputs: [(name: Name, tensor: Constant)]) throws(RuntimeError) -> [(name: Name, tensor: Constant)]
    {
        let ordered = try session.withoutPadding(session.order(inputs))
        try bind(try session.plan(ordered.map { TensorSpec($0) }, contents: ordered.map { $0.bytes }))
        for (i, tensor) in ordered.enumerated() { try inputBuffer(i).copyMemory(from: tensor.bytes) }
        try run()
        var outputs: [(name: Name, tensor: Constant)] = []
        for (i, name) in session.outputNames.enumerated() {
            let (element, shape, bytes) = try output(i)
            outputs.append((name, try Constant(TensorSpec(element, shape), copying: bytes)))
        }
        return outputs
    }

    /// Runs on what the input buffers hold. Allocates nothing.
    ///
    /// - Parameter deadline: looked at before each step; once it has passed, the error is `RuntimeError.timeout` and
    ///   outputs mean nothing. The context is as usable as before. A last step that ends late still counts.
    public func run(before deadline: Deadline? = nil) throws(RuntimeError) {
        guard let current else { throw .notPlanned }
        let keeps = current.plan.kept != nil
        if keeps { kept?.isFilled = false }
        try run(current, 0..<current.phases.count, before: deadline)
        if keeps { kept?.isFilled = true }
    }

    /// Runs what depends on the kept inputs alone (`prepare(_:keeping:)`): after they were written, before
    /// `runChanged`.
    public func runKept(before deadline: Deadline? = nil) throws(RuntimeError) {
        guard let current else { throw .notPlanned }
        guard current.plan.kept != nil else { return }
        kept?.isFilled = false
        try run(current, 0..<current.plan.keptSteps, before: deadline)
        kept?.isFilled = true
    }

    /// Runs what depends on the other inputs. Where the kept inputs' part is not at hand (the plan for these shapes
    /// computes it otherwise), runs that too: the kept inputs themselves have moved along.
    public func runChanged(before deadline: Deadline? = nil) throws(RuntimeError) {
        guard let current else { throw .notPlanned }
        guard current.plan.kept != nil, kept?.isFilled == true else { return try run(before: deadline) }
        try run(current, current.plan.keptSteps..<current.phases.count, before: deadline)
    }

    private func run(_ bound: BoundPlan, _ range: Range<Int>, before deadline: Deadline?) throws(RuntimeError) {
        stepsRun += range.count
        let pool = session.workers.pool
        try roundingToNearest { () throws(RuntimeError) in
            guard let deadline else {
                for step in range { try bound.run(step, on: pool) }
                return
            }
            for index in range {
                try deadline.check(bound.plan, index)
                try bound.run(index, on: pool)
            }
        }
    }

    // MARK: What is kept

    /// A copy of what is kept now, to come back to it after other kept inputs; nil if the current plan keeps nothing.
    public func copyKept() throws(RuntimeError) -> KeptValues? {
        guard current?.plan.kept != nil, let kept else { return nil }
        return try KeptValues(kept)
    }

    /// Makes what `copyKept` copied, from any context of this session, the kept inputs and values of this one.
    public func restoreKept(_ values: KeptValues) throws(RuntimeError) {
        guard current?.plan.kept != nil, let kept else { throw .notPlanned }
        guard let source = values.storage.bytes.baseAddress else { return }
        if kept.part === values.part {
            kept.memory.base.copyMemory(from: source, byteCount: kept.part.byteCount)
            kept.isFilled = values.isFilled
        } else {
            kept.takeInputs(values.part, source)
        }
    }
}

/// What a context works in. It knows no session, for sessions keep those that are idle.
final class RunMemory {
    private(set) var current: BoundPlan?
    /// Plans bound to this arena and kept memory, the latest last.
    private var bound: [BoundPlan] = []
    private var arena: Arena?
    private(set) var kept: KeptMemory?

    var byteCount: Int { (arena?.byteCount ?? 0) + (kept?.memory.byteCount ?? 0) }

    /// Makes `plan` current; as many as `most` stay bound.
    func bind(_ plan: Plan, most: Int) throws(RuntimeError) {
        try makeRoom(plan)
        if let at = bound.firstIndex(where: { $0.plan === plan }) {
            current = bound.remove(at: at)
        } else if let arena {
            if bound.count >= most { bound.removeFirst() }
            current = BoundPlan(plan, arena: arena, kept: kept)
        }
        if let current { bound.append(current) }
    }

    /// An arena and kept memory that `plan` fits into. The kept inputs move along to a plan that keeps them elsewhere.
    private func makeRoom(_ plan: Plan) throws(RuntimeError) {
        if let part = plan.kept, kept?.part !== part {
            let new = try KeptMemory(part)
            if let kept { new.takeInputs(kept.part, kept.memory.base) }
            leave()
            kept = new
        }
        if arena.map({ $0.byteCount < plan.arenaBytes }) ?? true {
            // The old one goes first: two at once may be more than there is.
            leave()
            arena = nil
            arena = try Arena(byteCount: plan.arenaBytes)
        }
    }

    /// Addresses are about to change.
    private func leave() {
        current = nil
        bound = []
    }
}

/// Kept inputs and what depends on them alone, as a run left them: a copy, for any context of the session.
public final class KeptValues: Sendable {
    let part: KeptPart
    let isFilled: Bool
    let storage: ByteStorage

    init(_ memory: KeptMemory) throws(RuntimeError) {
        part = memory.part
        isFilled = memory.isFilled
        let copy = try MutableBytes(byteCount: part.byteCount)
        copy.pointer.copyMemory(from: memory.memory.base, byteCount: part.byteCount)
        storage = copy.storage()
    }
}
