import DeixisGraph

/// Kept inputs and what depends on them alone, as a run left them: a copy outside the session.
public final class KeptValues {
    let memory: KeptMemory
    let isFilled: Bool
    let storage: ByteStorage

    init(_ memory: KeptMemory) throws(RuntimeError) {
        self.memory = memory
        isFilled = memory.isFilled
        do throws(OutOfMemory) {
            storage = try ByteStorage(byteCount: memory.byteCount) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: memory.memory.base, count: memory.byteCount))
            }
        } catch {
            throw RuntimeError(error)
        }
    }
}

extension Session {
    /// Runs what depends on the kept inputs alone (`prepare(_:keeping:)`): after they were written, before `runChanged`.
    public func runKept(before deadline: Deadline? = nil) throws(RuntimeError) {
        guard let current else { throw .notPlanned }
        guard let kept = current.kept else { return }
        kept.isFilled = false
        try run(current, 0..<current.keptSteps, before: deadline)
        kept.isFilled = true
    }

    /// Runs what depends on the other inputs. Where the kept inputs' part is not at hand (the plan for these shapes computes it
    /// otherwise), runs that too: the kept inputs themselves have moved along.
    public func runChanged(before deadline: Deadline? = nil) throws(RuntimeError) {
        guard let current else { throw .notPlanned }
        guard let kept = current.kept, kept.isFilled else { return try runAll(before: deadline) }
        try run(current, current.keptSteps..<current.steps.count, before: deadline)
    }

    /// A copy of what is kept now, to come back to it after other kept inputs; nil if the current plan keeps nothing.
    public func copyKept() throws(RuntimeError) -> KeptValues? {
        guard let kept = current?.kept else { return nil }
        return try KeptValues(kept)
    }

    /// Makes what `copyKept` copied from this session the kept inputs and values again.
    public func restoreKept(_ values: KeptValues) throws(RuntimeError) {
        guard let kept = current?.kept else { throw .notPlanned }
        guard let source = values.storage.bytes.baseAddress else { return }
        if kept === values.memory {
            kept.memory.base.copyMemory(from: source, byteCount: kept.byteCount)
            kept.isFilled = values.isFilled
        } else {
            kept.takeInputs(values.memory.part, source)
        }
    }
}
