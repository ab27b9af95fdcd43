import DeixisGraph

/// The scale (and zero point) of a quantized tensor: one for all, or one per index of `axis`.
struct QuantizationAxis {
    /// Parameter of element i: i / inner % count.
    let inner: Int
    let count: Int

    init(_ call: OperatorCall) throws(RuntimeError) {
        let x = try call.input(0), scale = try call.input(1)
        guard try call.int("block_size", default: 0) == 0 else { throw call.invalid("block_size is not supported") }
        // One number is one number: onnxruntime's quantizer writes [1] beside [].
        if call.has(2) {
            let zero = try call.input(2)
            guard zero.shape == scale.shape || (zero.count == 1 && scale.count == 1) else {
                throw call.invalid("scale \(scale.shape) and zero point \(zero.shape) differ in shape")
            }
        }
        if scale.rank == 0 || scale.shape == [1] {
            (inner, count) = (1, 1)
            return
        }
        let axis = try call.normalize(axis: try call.int("axis", default: 1), rank: x.rank)
        guard scale.shape == [x.shape[axis]] else {
            throw call.invalid("scale \(scale.shape) does not fit axis \(axis) of \(x.shape)")
        }
        inner = x.shape[(axis + 1)...].reduce(1, *)
        count = x.shape[axis]
    }

    @inline(__always) func index(_ i: Int) -> Int { count == 1 ? 0 : i / inner % count }
}

/// Y = saturate(round(X / scale) + zero point), ties to even; Y's type is that of the zero point (input 2), or
/// `output_dtype`, or uint8. The standard leaves NaN open; it becomes the type's least number, as in onnxruntime and in
/// our kernels.
enum QuantizeLinear {
    static let definition = OperatorDefinition(
        "QuantizeLinear", since: 10, inputs: 2...3, types: .reals + [.int32],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            _ = try QuantizationAxis(call)
            let scale = try call.input(1).element
            guard scale.isReal else { throw call.invalid("the scale is \(scale)") }
            guard try call.int("precision", default: 0) == 0 else {
                throw call.invalid("attribute 'precision' is not supported")
            }
            return [TensorSpec(try target(call), try call.input(0).shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), axis = try QuantizationAxis(call), element = try target(call),
                hasZero = call.has(2), count = x.count
            let load = RealElements(x.element).load, scales = RealElements(try call.input(1).element).load
            let elements = RealElements(element)
            return { buffers in
                guard let x = buffers.inputs[0], let scale = buffers.inputs[1], let y = buffers.outputs[0] else {
                    return
                }
                for i in 0..<count {
                    // Divided in float32, as the standard's reference does: ties are decided there.
                    let units = Double(Float(load(x, i)) / Float(scales(scale, axis.index(i)))).rounded(
                        .toNearestOrEven)
                    var zero = 0.0
                    if hasZero, let zeros = buffers.inputs[2] { zero = elements.load(zeros, axis.index(i)) }
                    elements.store(y, i, units.isNaN ? -.infinity : units + zero)
                }
            }
        })

    private static func target(_ call: OperatorCall) throws(RuntimeError) -> ElementType {
        let asked = try call.int("output_dtype", default: 0)
        var element = ElementType.uint8
        if call.has(2) {
            element = try call.input(2).element
        } else if asked != 0 {
            guard let known = ElementType(rawValue: Int32(truncatingIfNeeded: asked)) else {
                throw call.invalid("element type number \(asked) is not supported")
            }
            element = known
        }
        guard asked == 0 || asked == Int(element.rawValue) else {
            throw call.invalid("output_dtype is not the zero point's type")
        }
        guard [ElementType.int8, .uint8, .int16, .uint16].contains(element) else {
            throw .unsupportedElementType(
                op: call.node.op, node: call.node.name, got: element, claimed: [.int8, .uint8, .int16, .uint16])
        }
        return element
    }
}

/// Y = (X - zero point) scale, of the scale's element type.
enum DequantizeLinear {
    static let definition = OperatorDefinition(
        "DequantizeLinear", since: 10, inputs: 2...3, types: [.int8, .uint8, .int16, .uint16, .int32],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            _ = try QuantizationAxis(call)
            let x = try call.input(0), scale = try call.input(1).element
            guard scale.isReal else { throw call.invalid("the scale is \(scale)") }
            if call.has(2), try call.input(2).element != x.element {
                throw call.invalid("the zero point is \(try call.input(2).element), expected \(x.element)")
            }
            let asked = try call.int("output_dtype", default: 0)
            guard asked == 0 || asked == Int(scale.rawValue) else {
                throw call.invalid("output_dtype \(asked) is not the scale's type")
            }
            return [TensorSpec(scale, x.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), axis = try QuantizationAxis(call), hasZero = call.has(2), count = x.count
            let load = IntegerElements(x.element).load, elements = RealElements(try call.input(1).element)
            return { buffers in
                guard let x = buffers.inputs[0], let scale = buffers.inputs[1], let y = buffers.outputs[0] else {
                    return
                }
                for i in 0..<count {
                    var value = load(x, i)
                    if hasZero, let zeros = buffers.inputs[2] { value -= load(zeros, axis.index(i)) }
                    elements.store(y, i, Double(value) * elements.load(scale, axis.index(i)))
                }
            }
        })
}

/// Y = QuantizeLinear(X) to uint8 by a scale and zero point (outputs 1 and 2) that map X's range, widened to hold 0, to
/// 0...255.
enum DynamicQuantizeLinear {
    static let definition = OperatorDefinition(
        "DynamicQuantizeLinear", since: 11, inputs: 1...1, types: .float,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            [TensorSpec(.uint8, try call.input(0).shape), TensorSpec(.float32, []), TensorSpec(.uint8, [])]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let count = try call.input(0).count
            return { buffers in
                let x = buffers.input(0, Float.self)
                var least: Float = 0, greatest: Float = 0
                for i in 0..<count { (least, greatest) = (min(least, x[i]), max(greatest, x[i])) }
                let scale = (greatest - least) / 255
                let zero = scale == 0 ? 0 : max(0, min((-least / scale).rounded(.toNearestOrEven), 255))
                if let y = buffers.outputs[0] {
                    for i in 0..<count {
                        let value = scale == 0 ? 0 : (x[i] / scale).rounded(.toNearestOrEven) + zero
                        y.assumingMemoryBound(to: UInt8.self)[i] = value.isNaN ? 0 : UInt8(max(0, min(value, 255)))
                    }
                }
                if buffers.outputs.count > 1, let y = buffers.outputs[1] {
                    y.assumingMemoryBound(to: Float.self)[0] = scale
                }
                if buffers.outputs.count > 2, let y = buffers.outputs[2] {
                    y.assumingMemoryBound(to: UInt8.self)[0] = zero.isNaN ? 0 : UInt8(zero)
                }
            }
        })
}
