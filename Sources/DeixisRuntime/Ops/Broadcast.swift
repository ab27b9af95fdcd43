/// ONNX multidirectional broadcasting: shapes aligned at the end; extents agree or one of them is 1. nil: they do not.
func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    var result = [Int](repeating: 1, count: rank)
    for i in 0..<rank {
        let x = i < rank - a.count ? 1 : a[i - (rank - a.count)]
        let y = i < rank - b.count ? 1 : b[i - (rank - b.count)]
        guard x == y || x == 1 || y == 1 else { return nil }
        result[i] = x == 1 ? y : x
    }
    return result
}

/// Row-major strides in elements.
func strides(_ shape: [Int]) -> [Int] {
    var result = [Int](repeating: 1, count: shape.count)
    var stride = 1
    for i in shape.indices.reversed() {
        result[i] = stride
        stride *= shape[i]
    }
    return result
}

/// Strides with which a dense tensor of `shape` is read as if broadcast to `target`: 0 along repeated axes.
func broadcastStrides(_ shape: [Int], to target: [Int]) -> [Int] {
    let dense = strides(shape)
    let lead = target.count - shape.count
    var result = [Int](repeating: 0, count: target.count)
    for i in lead..<target.count where shape[i - lead] != 1 || target[i] == 1 { result[i] = dense[i - lead] }
    return result
}

/// A walk over `shape` in row-major order with up to three element offsets, without allocating while it runs.
///
/// Axes over which all strides run on evenly are merged first, so the innermost run is as long as it can be.
struct StridedLoop {
    let shape: [Int]
    let a: [Int], b: [Int], c: [Int]

    init(_ shape: [Int], _ a: [Int], _ b: [Int]? = nil, _ c: [Int]? = nil) {
        let zero = [Int](repeating: 0, count: shape.count)
        let b = b ?? zero, c = c ?? zero
        var extents: [Int] = [], sa: [Int] = [], sb: [Int] = [], sc: [Int] = []
        for i in shape.indices where shape[i] != 1 {
            if let last = extents.indices.last,
                sa[last] == a[i] * shape[i], sb[last] == b[i] * shape[i], sc[last] == c[i] * shape[i]
            {
                extents[last] *= shape[i]
                (sa[last], sb[last], sc[last]) = (a[i], b[i], c[i])
            } else {
                extents.append(shape[i])
                sa.append(a[i]); sb.append(b[i]); sc.append(c[i])
            }
        }
        if extents.isEmpty { extents = [1]; sa = [0]; sb = [0]; sc = [0] }
        self.shape = extents
        (self.a, self.b, self.c) = (sa, sb, sc)
    }

    /// Elements of one innermost run, and its strides.
    var run: Int { shape[shape.count - 1] }
    var runStrideA: Int { a[a.count - 1] }
    var runStrideB: Int { b[b.count - 1] }
    var runStrideC: Int { c[c.count - 1] }
    /// Number of innermost runs.
    var runs: Int { shape.dropLast().reduce(1, *) }

    /// Calls `body(run index, offset a, offset b, offset c)` for runs `range`, in order.
    @inline(__always)
    func forEachRun(_ range: Range<Int>, _ body: (Int, Int, Int, Int) -> Void) {
        let outer = shape.count - 1
        if run == 0 { return }
        for index in range {
            var rest = index, oa = 0, ob = 0, oc = 0
            var axis = outer - 1
            while axis >= 0 {
                let position = rest % shape[axis]
                rest /= shape[axis]
                oa += position * a[axis]
                ob += position * b[axis]
                oc += position * c[axis]
                axis -= 1
            }
            body(index, oa, ob, oc)
        }
    }
}
