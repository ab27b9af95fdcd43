import DeixisGraph

/// Y holds X's elements in the same order under a new shape.
///
/// `shape` (input 1): an extent of 0 copies X's extent at that position (with `allowzero` = 1 it means 0); one -1 is
/// what is left.
enum Reshape {
    static let definition = OperatorDefinition(
        "Reshape", inputs: 2...2, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in try infer(call) },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in copyBytes(try call.input(0).byteCount) },
        view: OperatorDefinition.bytesOf(input: 0))

    static func infer(_ call: OperatorCall) throws(RuntimeError) -> [TensorSpec] {
        let x = try call.input(0)
        let allowZero = try call.int("allowzero", default: 0) != 0
        var shape = try call.integers(1)
        var rest: Int?
        var known: [Int] = []
        for (i, extent) in shape.enumerated() {
            if extent == -1 {
                guard rest == nil else { throw call.invalid("shape \(shape) has more than one -1") }
                rest = i
                continue
            }
            if extent == 0, !allowZero {
                guard i < x.rank else {
                    throw call.invalid("shape \(shape) copies axis \(i) of an input of rank \(x.rank)")
                }
                shape[i] = x.shape[i]
            }
            guard shape[i] >= 0 else { throw call.invalid("shape \(shape) is not possible") }
            known.append(shape[i])
        }
        var count = known.productClamped()
        if let rest {
            guard count != 0, x.count % count == 0 else {
                throw call.invalid("\(x.shape) does not divide into \(shape)")
            }
            shape[rest] = x.count / count
            count = x.count
        }
        guard count == x.count else { throw call.invalid("\(x.shape) has not the elements of \(shape)") }
        return [TensorSpec(x.element, shape)]
    }
}
