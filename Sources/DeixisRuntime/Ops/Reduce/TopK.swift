import DeixisGraph

/// The k (input 1, one integer) greatest, or with `largest` = 0 least, elements along `axis` (default -1): values, and
/// int64 indices. Sorted whether asked or not; of equal elements the one with the lower index comes first; NaN counts
/// as greatest.
enum TopK {
    static let definition = OperatorDefinition(
        "TopK", since: 10, inputs: 2...2, types: .numeric,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            var shape = x.shape
            let axis = try axis(call)
            guard try call.input(1).count == 1, let k = try call.integers(1).first else {
                throw call.invalid("k is not one integer")
            }
            guard k >= 0, k <= shape[axis] else {
                throw call.invalid("k = \(k) of an axis of extent \(shape[axis])")
            }
            shape[axis] = k
            return [TensorSpec(x.element, shape), TensorSpec(.int64, shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), axis = try axis(call), extent = x.shape[axis], k = try call.integers(1)[0]
            let outer = x.shape[..<axis].reduce(1, *), inner = x.shape[(axis + 1)...].reduce(1, *)
            let largest = try call.int("largest", default: 1) != 0, size = x.element.byteCount ?? 0
            let load = SortKey(x.element, nan: .max).load
            // Ranked in the output; in memory of our own where nobody asked for the indices.
            let spare = call.wants(1) ? nil : try ReferenceScratch(call, byteCount: outer * k * inner * 8)
            let sort = { (buffers: Buffers, indices: UnsafeMutablePointer<Int64>) in
                guard let x = buffers.inputs[0] else { return }
                for o in 0..<outer {
                    for i in 0..<inner {
                        let top = indices + o * k * inner + i, from = o * extent * inner + i
                        let row = Ranking(x: x, from: from, stride: inner, load: load, largest: largest, top: top)
                        row.find(k, of: extent)
                        guard let y = buffers.outputs[0] else { continue }
                        for place in 0..<k {
                            (y + ((o * k + place) * inner + i) * size)
                                .copyMemory(from: x + (from + Int(top[place * inner]) * inner) * size, byteCount: size)
                        }
                    }
                }
            }
            return { buffers in
                guard let spare else { return sort(buffers, buffers.output(1, Int64.self)) }
                spare.use { sort(buffers, $0.assumingMemoryBound(to: Int64.self)) }
            }
        })

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        try call.normalize(axis: try call.int("axis", default: -1), rank: try call.input(0).rank)
    }

    /// The best of a row: a heap with the last of them on top, then sorted where it lies.
    private struct Ranking {
        let x: UnsafeRawPointer, from: Int, stride: Int
        let load: @Sendable (UnsafeRawPointer, Int) -> Int64
        let largest: Bool
        let top: UnsafeMutablePointer<Int64>

        func find(_ k: Int, of extent: Int) {
            if k == 0 { return }
            for i in 0..<k { top[i * stride] = Int64(i) }
            for i in (0..<k / 2).reversed() { sink(top[i * stride], from: i, count: k) }
            for candidate in k..<extent where isBefore(Int64(candidate), top[0]) {
                sink(Int64(candidate), from: 0, count: k)
            }
            for last in (1..<k).reversed() {
                let worst = top[0]
                sink(top[last * stride], from: 0, count: last)
                top[last * stride] = worst
            }
        }

        private func isBefore(_ a: Int64, _ b: Int64) -> Bool {
            let p = load(x, from + Int(a) * stride), q = load(x, from + Int(b) * stride)
            return p == q ? a < b : largest ? p > q : p < q
        }

        /// Puts `element` at or below `place`, where nothing under it comes behind it.
        private func sink(_ element: Int64, from place: Int, count: Int) {
            var place = place
            while 2 * place + 1 < count {
                var child = 2 * place + 1
                if child + 1 < count, isBefore(top[child * stride], top[(child + 1) * stride]) { child += 1 }
                guard isBefore(element, top[child * stride]) else { break }
                top[place * stride] = top[child * stride]
                place = child
            }
            top[place * stride] = element
        }
    }
}
