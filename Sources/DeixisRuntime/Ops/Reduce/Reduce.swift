import DeixisGraph

/// Y = one number for each set of X's elements that differ in `axes` only (input 1; default: all axes).
///
/// `keepdims` (1) keeps reduced axes with extent 1. Without axes and with `noop_with_empty_axes` each element is a set
/// of its own. Of no elements: sum 0, product 1, mean NaN, max and min the element type's least and greatest value.
enum Reduce {
    struct Function: Sendable {
        var start: Double
        var step: @Sendable (Double, Double) -> Double
        /// Of the accumulated value and the number of elements.
        var finish: @Sendable (Double, Int) -> Double = { total, _ in total }
        /// Steps see e^(x - max), and max is added at the end.
        var logSumExp = false
    }

    /// Integers that would lose digits as Double; results keep the low bits.
    struct IntegerFunction: Sendable {
        var start: @Sendable (ElementType) -> Int64
        var step: @Sendable (ElementType) -> (Int64, Int64) -> Int64
        var finish: @Sendable (Int64, Int) -> Int64 = { total, _ in total }
    }

    static let sum = definition("ReduceSum", .init(start: 0, step: { $0 + $1 }), addition)
    static let mean = definition(
        "ReduceMean", .init(start: 0, step: { $0 + $1 }, finish: { $0 / Double($1) }),
        .init(start: addition.start, step: addition.step, finish: { $1 == 0 ? 0 : $0 / Int64($1) }))
    static let prod = definition(
        "ReduceProd", .init(start: 1, step: { $0 * $1 }), .init(start: { _ in 1 }, step: { _ in { $0 &* $1 } }))
    static let max = definition(
        "ReduceMax", types: extremes, .init(start: -.infinity, step: Binary.Function.greatest.real),
        .init(start: { $0.integerRange.lowerBound }, step: { Binary.Function.greatest.integer(for: $0) }))
    static let min = definition(
        "ReduceMin", types: extremes, .init(start: .infinity, step: Binary.Function.least.real),
        .init(
            start: { $0 == .uint64 ? -1 : $0.integerRange.upperBound }, step: { Binary.Function.least.integer(for: $0) }
        ))
    static let sumSquare = definition(
        "ReduceSumSquare", .init(start: 0, step: { $0 + $1 * $1 }),
        .init(start: { _ in 0 }, step: { _ in { $0 &+ $1 &* $1 } }))
    static let l1 = definition(
        "ReduceL1", .init(start: 0, step: { $0 + $1.magnitude }),
        .init(start: { _ in 0 }, step: { element in { $0 &+ ($1 < 0 && element != .uint64 ? 0 &- $1 : $1) } }))
    static let l2 = definition(
        "ReduceL2", .init(start: 0, step: { $0 + $1 * $1 }, finish: { total, _ in total.squareRoot() }), nil)
    static let logSum = definition(
        "ReduceLogSum", .init(start: 0, step: { $0 + $1 }, finish: { total, _ in SystemMath.log(total) }), nil)
    static let logSumExp = definition(
        "ReduceLogSumExp",
        .init(start: 0, step: { $0 + $1 }, finish: { total, _ in SystemMath.log(total) }, logSumExp: true), nil)

    private static let addition = IntegerFunction(start: { _ in 0 }, step: { _ in { $0 &+ $1 } })
    private static let extremes = [ElementType].reals + [.int8, .uint8, .int32, .int64, .uint32, .uint64, .bool]

    private static func definition(
        _ name: Name, types: [ElementType] = .reals + [.int32, .int64, .uint32, .uint64],
        _ real: Function, _ integer: IntegerFunction?
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, inputs: 1...2, types: types,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0)
                let axes = try axes(call), keep = try call.int("keepdims", default: 1) != 0
                let shape = x.shape.indices.filter { keep || !axes.contains($0) }.map {
                    axes.contains($0) ? 1 : x.shape[$0]
                }
                return [TensorSpec(x.element, shape)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let element = try call.input(0).element, sets = try Sets(try call.input(0).shape, axes(call))
                if let integer, !element.isReal {
                    let elements = IntegerElements(element), start = integer.start(element),
                        step = integer.step(element)
                    return { buffers in
                        guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                        sets.forEach { index, base in
                            var total = start
                            sets.forEachElement(base) { total = step(total, elements.load(x, $0)) }
                            elements.store(y, index, integer.finish(total, sets.size))
                        }
                    }
                }
                let elements = RealElements(element)
                return { buffers in
                    guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                    sets.forEach { index, base in
                        var total = real.start, top = 0.0
                        if real.logSumExp {
                            var greatest = -Double.infinity
                            sets.forEachElement(base) { greatest = Swift.max(greatest, elements.load(x, $0)) }
                            top = greatest.isFinite ? greatest : 0
                            sets.forEachElement(base) {
                                total = real.step(total, SystemMath.exp(elements.load(x, $0) - top))
                            }
                        } else {
                            sets.forEachElement(base) { total = real.step(total, elements.load(x, $0)) }
                        }
                        elements.store(y, index, real.finish(total, sets.size) + top)
                    }
                }
            })
    }

    /// The axes to reduce, ascending.
    static func axes(_ call: OperatorCall) throws(RuntimeError) -> [Int] {
        let rank = try call.input(0).rank
        let given = call.has(1) ? try call.integers(1) : []
        if given.isEmpty { return try call.int("noop_with_empty_axes", default: 0) != 0 ? [] : Array(0..<rank) }
        return try call.normalize(axes: given, rank: rank).sorted { $0 < $1 }
    }

    /// The sets of elements that become one.
    struct Sets {
        private let kept: StridedLoop
        private let reduced: StridedLoop
        /// Elements of one set.
        let size: Int

        init(_ shape: [Int], _ axes: [Int]) {
            let from = strides(shape), others = shape.indices.filter { !axes.contains($0) }
            kept = StridedLoop(others.map { shape[$0] }, others.map { from[$0] })
            reduced = StridedLoop(axes.map { shape[$0] }, axes.map { from[$0] })
            size = axes.reduce(1) { $0 * shape[$1] }
        }

        /// Calls `body(set's number, offset of its first element)`.
        @inline(__always)
        func forEach(_ body: (Int, Int) -> Void) {
            let (run, stride) = (kept.run, kept.runStrideA)
            kept.forEachRun(0..<kept.runs) { index, offset, _, _ in
                for i in 0..<run { body(index * run + i, offset + i * stride) }
            }
        }

        @inline(__always)
        func forEachElement(_ base: Int, _ body: (Int) -> Void) {
            let (run, stride) = (reduced.run, reduced.runStrideA)
            reduced.forEachRun(0..<reduced.runs) { _, offset, _, _ in
                for i in 0..<run { body(base + offset + i * stride) }
            }
        }
    }
}
