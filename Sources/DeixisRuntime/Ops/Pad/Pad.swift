import DeixisGraph

/// Y = X with `pads` (input 1: begins, then ends) more elements around it; negative pads crop. `axes` (input 3): which
/// axes, default all.
///
/// `mode`: constant (input 2, default 0), reflect (the border is not repeated), edge, wrap.
enum Pad {
    static let definition = OperatorDefinition(
        "Pad", since: 11, inputs: 2...4, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            _ = try mode(call)
            if call.has(2) {
                let fill = try call.input(2)
                guard fill.element == x.element, fill.count == 1 else {
                    throw call.invalid("the constant is \(fill.element) \(fill.shape), expected one \(x.element)")
                }
            }
            return [TensorSpec(x.element, try sides(call).map { $0.output })]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), from = strides(x.shape), mode = try mode(call), sides = try sides(call)
            return try moveElements(call, fill: mode == .constant && call.has(2) ? 2 : nil) { axis, i in
                source(i - sides[axis].begin, x.shape[axis], mode).map { $0 * from[axis] }
            }
        })

    private enum Mode { case constant, reflect, edge, wrap }

    private static func mode(_ call: OperatorCall) throws(RuntimeError) -> Mode {
        let name = try call.string("mode", default: "constant")
        if name == "constant" { return .constant }
        if name == "reflect" { return .reflect }
        if name == "edge" { return .edge }
        if name == "wrap" { return .wrap }
        throw call.invalid("mode '\(name)' is unknown")
    }

    /// Where position `i` of the padded axis comes from; nil: the constant.
    private static func source(_ i: Int, _ extent: Int, _ mode: Mode) -> Int? {
        if i >= 0, i < extent { return i }
        switch mode {
        case .constant: return nil
        case .edge: return max(0, min(i, extent - 1))
        case .wrap: return ((i % extent) + extent) % extent
        case .reflect:
            if extent == 1 { return 0 }
            let period = 2 * (extent - 1), folded = ((i % period) + period) % period
            return folded < extent ? folded : period - folded
        }
    }

    private static func sides(_ call: OperatorCall) throws(RuntimeError) -> [(begin: Int, output: Int)] {
        let x = try call.input(0).shape, pads = try call.integers(1)
        let axes = try call.normalize(axes: call.has(3) ? try call.integers(3) : Array(x.indices), rank: x.count)
        guard pads.count == 2 * axes.count, pads.allSatisfy({ $0.magnitude <= Shape.most }) else {
            throw call.invalid("pads \(pads) do not fit \(axes.count) axes")
        }
        var result = x.map { (begin: 0, output: $0) }
        for (i, axis) in axes.enumerated() {
            let begin = pads[i], end = pads[axes.count + i]
            let output = x[axis] + begin + end
            guard output >= 0 else { throw call.invalid("pads \(pads) leave nothing of \(x)") }
            if x[axis] == 0, output > 0, try mode(call) != .constant {
                throw call.invalid("axis \(axis) is empty and has nothing to repeat")
            }
            result[axis] = (begin, output)
        }
        return result
    }
}
