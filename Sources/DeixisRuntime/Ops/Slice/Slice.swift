import DeixisGraph

/// Y = X[start, start + step, ... before end] along `axes`: inputs 1 starts, 2 ends, 3 axes (default the first), 4
/// steps (default 1).
///
/// Negative starts and ends count from the end; both are then clamped: into 0...extent, or where the step is negative a
/// start into 0...extent - 1 (unlike Python's) and an end into -1...extent - 1.
enum Slice {
    static let definition = OperatorDefinition(
        "Slice", since: 10, inputs: 3...5, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            [TensorSpec(try call.input(0).element, try cuts(call).map { $0.count })]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), from = strides(x.shape), cuts = try cuts(call)
            let walk = StridedLoop(cuts.map { $0.count }, cuts.indices.map { cuts[$0].step * from[$0] })
            let base = cuts.indices.reduce(0) { $0 + cuts[$1].start * from[$1] }
            return moveElements(walk, from: base, byteCount: x.element.byteCount ?? 0)
        },
        view: { call in
            // Contiguous: one axis is cut, by steps of 1, and those before it have extent 1.
            guard let x = try? call.input(0), let cuts = try? cuts(call) else { return nil }
            let cut = cuts.indices.filter { cuts[$0].count != x.shape[$0] || cuts[$0].step != 1 && cuts[$0].count > 1 }
            guard let axis = cut.first else { return .outputsInside(input: 0, offsets: [0]) }
            guard cut.count == 1, cuts[axis].step == 1, x.shape[..<axis].allSatisfy({ $0 == 1 }),
                call.output().count > 0
            else { return nil }
            return .outputsInside(
                input: 0, offsets: [cuts[axis].start * strides(x.shape)[axis] * (x.element.byteCount ?? 0)])
        })

    struct Cut: Equatable {
        var start: Int, step: Int, count: Int
    }

    /// What is kept of each axis.
    static func cuts(_ call: OperatorCall) throws(RuntimeError) -> [Cut] {
        let x = try call.input(0).shape
        let starts = try call.integers(1), ends = try call.integers(2)
        let axes = try call.normalize(axes: call.has(3) ? try call.integers(3) : Array(starts.indices), rank: x.count)
        let steps = call.has(4) ? try call.integers(4) : [Int](repeating: 1, count: starts.count)
        guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count else {
            throw call.invalid(
                "starts, ends, axes and steps have \(starts.count), \(ends.count), \(axes.count) and \(steps.count) elements"
            )
        }
        var result = x.map { Cut(start: 0, step: 1, count: $0) }
        for (i, axis) in axes.enumerated() {
            let extent = x[axis]
            // Beyond the extent the step's size does not matter.
            let step = max(-extent - 1, min(steps[i], extent + 1))
            guard step != 0 else { throw call.invalid("the step along axis \(axis) is 0") }
            let high = step > 0 ? extent : extent - 1
            func clamp(_ position: Int, _ low: Int) -> Int {
                max(low, min(position < 0 ? position + extent : position, high))
            }
            let start = clamp(starts[i], 0), end = clamp(ends[i], step > 0 ? 0 : -1)
            let way = extent == 0 ? 0 : step > 0 ? end - start : start - end, size = Swift.abs(step)
            result[axis] = Cut(start: start, step: step, count: way > 0 ? (way + size - 1) / size : 0)
        }
        return result
    }
}
