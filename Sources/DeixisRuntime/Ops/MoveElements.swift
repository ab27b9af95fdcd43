import DeixisGraph

// References of the operators that only move bytes, for elements of 1, 2, 4 or 8 bytes.

/// output 0 = the first `count` bytes of input 0.
func copyBytes(_ count: Int) -> Compute {
    { buffers in
        guard let source = buffers.inputs[0], let target = buffers.outputs[0] else { return }
        target.copyMemory(from: source, byteCount: count)
    }
}

/// output[n] = input[walk's offset a]
func moveElements(_ walk: StridedLoop, from base: Int = 0, byteCount: Int) -> Compute {
    func loop<T: BitwiseCopyable>(_: T.Type) -> Compute {
        let (run, runs, stride) = (walk.run, walk.runs, walk.runStrideA)
        return { buffers in
            let x = buffers.input(0, T.self) + base, y = buffers.output(0, T.self)
            walk.forEachRun(0..<runs) { index, offset, _, _ in
                let to = y + index * run
                for i in 0..<run { to[i] = x[offset + i * stride] }
            }
        }
    }
    switch byteCount {
    case 1: return loop(UInt8.self)
    case 2: return loop(UInt16.self)
    case 4: return loop(UInt32.self)
    default: return loop(UInt64.self)
    }
}

/// Y[i0, ..., ir] = X[source(0, i0) + ... + source(r, ir)]; where a source is nil the element is that of input `fill`,
/// or 0.
func moveElements(
    _ call: OperatorCall, fill: Int? = nil, source: (_ axis: Int, _ i: Int) -> Int?
) throws(RuntimeError) -> Compute {
    // All tables in one, the innermost axis first.
    let extents = Array(call.output().shape.reversed()), entries = extents.reduce(0, +), outside = Int.min
    try call.check(.tableEntries, entries, limit: call.limits.tableEntries)
    let memory = try call.memory(byteCount: entries * MemoryLayout<Int>.stride)
    let table = memory.pointer.assumingMemoryBound(to: Int.self)
    var at = 0
    for (k, extent) in extents.enumerated() {
        for i in 0..<extent { table[at + i] = source(extents.count - 1 - k, i) ?? outside }
        at += extent
    }
    let run = extents.first ?? 1, leading = Array(extents.dropFirst()), rows = leading.reduce(1, *)
    let isScalar = extents.isEmpty
    func loop<T: BitwiseCopyable>(_ zero: T) -> Compute {
        { buffers in
            let x = buffers.input(0, T.self), filler = fill.map { buffers.input($0, T.self).pointee } ?? zero
            let table = UnsafePointer(memory.pointer.assumingMemoryBound(to: Int.self))
            var to = buffers.output(0, T.self)
            if isScalar { to.pointee = x.pointee; return }
            for row in 0..<rows {
                var rest = row, start = run, offset = 0, inside = true
                for extent in leading {
                    let step = table[start + rest % extent]
                    if step == outside { inside = false } else { offset += step }
                    rest /= extent
                    start += extent
                }
                for i in 0..<run {
                    to.pointee = inside && table[i] != outside ? x[offset + table[i]] : filler
                    to += 1
                }
            }
        }
    }
    switch call.output().element.byteCount {
    case 1: return loop(UInt8(0))
    case 2: return loop(UInt16(0))
    case 4: return loop(UInt32(0))
    default: return loop(UInt64(0))
    }
}
