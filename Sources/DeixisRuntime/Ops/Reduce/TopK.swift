import DeixisGraph

/// The k (input 1, one integer) greatest, or with `largest` = 0 least, elements along `axis` (default -1): values, and int64 indices.
/// Sorted whether asked or not; of equal elements the one with the lower index comes first; NaN counts as greatest.
enum TopK {
    static let definition = OperatorDefinition(
        "TopK", since: 10, inputs: 2...2, types: .numeric,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            var shape = x.shape
            let axis = try axis(call)
            guard try call.input(1).count == 1, let k = try call.integers(1).first else { throw call.invalid("k is not one integer") }
            guard k >= 0, k <= shape[axis] else { throw call.invalid("k = \(k) of an axis of extent \(shape[axis])") }
            shape[axis] = k
            return [TensorSpec(x.element, shape), TensorSpec(.int64, shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), axis = try axis(call), extent = x.shape[axis], k = try call.integers(1)[0]
            let outer = x.shape[..<axis].reduce(1, *), inner = x.shape[(axis + 1)...].reduce(1, *)
            let largest = try call.int("largest", default: 1) != 0, size = x.element.byteCount ?? 0
            let load = SortKey(x.element, nan: .max).load
            // Sorted by insertion into the output; memory of our own where nobody asked for the indices.
            let spare = call.wants(1) ? nil : try ReferenceScratch(call, byteCount: outer * k * inner * 8)
            let sort = { (buffers: Buffers, indices: UnsafeMutablePointer<Int64>) in
                guard let x = buffers.inputs[0] else { return }
                for o in 0..<outer { for i in 0..<inner {
                    let top = indices + o * k * inner + i, from = o * extent * inner + i
                    var found = 0
                    for candidate in 0..<extent {
                        let key = load(x, from + candidate * inner)
                        var place = found
                        while place > 0 {
                            let other = load(x, from + Int(top[(place - 1) * inner]) * inner)
                            guard largest ? key > other : key < other else { break }
                            if place < k { top[place * inner] = top[(place - 1) * inner] }
                            place -= 1
                        }
                        if place < k { top[place * inner] = Int64(candidate) }
                        found = min(found + 1, k)
                    }
                    guard let y = buffers.outputs[0] else { continue }
                    for place in 0..<k {
                        (y + ((o * k + place) * inner + i) * size)
                            .copyMemory(from: x + (from + Int(top[place * inner]) * inner) * size, byteCount: size)
                    }
                } }
            }
            return { buffers in
                guard let spare else { return sort(buffers, buffers.output(1, Int64.self)) }
                spare.use { sort(buffers, $0.assumingMemoryBound(to: Int64.self)) }
            }
        })

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        try call.normalize(axis: try call.int("axis", default: -1), rank: try call.input(0).rank)
    }
}
