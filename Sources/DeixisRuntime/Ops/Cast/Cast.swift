import DeixisGraph

/// Y = X as another element type: reals to integers are truncated towards zero and kept in range (NaN gives 0),
/// integers to integers keep the low bits, anything but 0 is true. Y's type is attribute `to` (Cast) or that of input 1
/// (CastLike).
enum Cast {
    static let cast = definition("Cast", since: 6, inputs: 1) { (call: OperatorCall) throws(RuntimeError) in
        let number = try call.int("to", default: 0)
        guard let element = ElementType(rawValue: Int32(truncatingIfNeeded: number)) else {
            throw call.invalid("element type number \(number) is not supported")
        }
        return element
    }
    static let castLike = definition("CastLike", since: 15, inputs: 2, seenByShape: [1]) {
        (call: OperatorCall) throws(RuntimeError) in
        try call.input(1).element
    }

    private static func definition(
        _ name: Name, since: Int, inputs: Int, seenByShape: [Int] = [],
        target: @escaping @Sendable (OperatorCall) throws(RuntimeError) -> ElementType
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, since: since, inputs: inputs...inputs, types: .movable, seenByShape: seenByShape,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                let element = try target(call)
                guard [ElementType].movable.contains(element) else {
                    throw .unsupportedElementType(
                        op: call.node.op, node: call.node.name, got: element, claimed: .movable)
                }
                return [TensorSpec(element, try call.input(0).shape)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                convert(try call.input(0), to: call.output().element)
            },
            view: { call in
                guard let x = try? call.input(0), x.element == call.output().element else { return nil }
                return .outputsInside(input: 0, offsets: [0])
            })
    }

    static func convert(_ x: TensorSpec, to element: ElementType) -> Compute {
        if x.element == element { return copyBytes(x.byteCount) }
        if x.element.isReal {
            return Unary.loop(x, element) { (value: Double) in element == .bool && value.isNaN ? 1 : value }
        }
        if !element.isReal { return Unary.loop(x, element) { (value: Int64) in value } }
        // Through Double, which rounds large integers: to odd first, so that the second rounding decides rightly.
        let load = IntegerElements(x.element).load, store = RealElements(element).store
        let unsigned = x.element == .uint64, narrow = element != .float64, count = x.count
        return { buffers in
            guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
            for i in 0..<count {
                let value = load(x, i)
                let negative = value < 0 && !unsigned
                var magnitude = negative ? value.magnitude : UInt64(bitPattern: value)
                if narrow, magnitude >> 53 != 0 {
                    magnitude = magnitude & ~0x7FF | (magnitude & 0x7FF == 0 ? 0 : 0x800)
                }
                store(y, i, negative ? -Double(magnitude) : Double(magnitude))
            }
        }
    }
}
