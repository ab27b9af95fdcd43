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
func moveElements(_ walk: StridedLoop, byteCount: Int) -> Compute {
    func loop<T: BitwiseCopyable>(_: T.Type) -> Compute {
        let (run, runs, stride) = (walk.run, walk.runs, walk.runStrideA)
        return { buffers in
            let x = buffers.input(0, T.self), y = buffers.output(0, T.self)
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

/// Y[i0, ..., ir] = X[tables[0][i0] + ... + tables[r][ir]]; where an entry is nil the element is that of input `fill`, or 0.
func moveElements(tables: [[Int?]], byteCount: Int, fill: Int? = nil) -> Compute {
    let extents = tables.map { $0.count }
    let outside = Int.min
    let last = (tables.last ?? [0]).map { $0 ?? outside }
    // The other tables in one list, the innermost first.
    let leading = tables.dropLast().reversed().flatMap { $0.map { $0 ?? outside } }
    let leadingExtents = Array(extents.dropLast().reversed())
    let rows = leadingExtents.reduce(1, *)
    func loop<T: BitwiseCopyable>(_ zero: T) -> Compute {
        { buffers in
            let x = buffers.input(0, T.self), y = buffers.output(0, T.self)
            let filler = fill.map { buffers.input($0, T.self).pointee } ?? zero
            var to = y
            for row in 0..<rows {
                var rest = row, start = 0, offset = 0, inside = true
                for extent in leadingExtents {
                    let step = leading[start + rest % extent]
                    if step == outside { inside = false } else { offset += step }
                    rest /= extent
                    start += extent
                }
                for step in last {
                    to.pointee = inside && step != outside ? x[offset + step] : filler
                    to += 1
                }
            }
        }
    }
    switch byteCount {
    case 1: return loop(UInt8(0))
    case 2: return loop(UInt16(0))
    case 4: return loop(UInt32(0))
    default: return loop(UInt64(0))
    }
}
