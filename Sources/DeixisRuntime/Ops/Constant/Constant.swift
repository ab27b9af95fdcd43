import DeixisGraph

/// A tensor of the shape that input 0 holds, full of the one element of attribute `value` (default float32 0).
enum ConstantOfShape {
    static let definition = OperatorDefinition(
        "ConstantOfShape", since: 9, inputs: 1...1, types: [.int64],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let shape = try call.integers(0)
            guard shape.allSatisfy({ $0 >= 0 }) else { throw call.invalid("shape \(shape) has a negative extent") }
            let value = try value(call)
            guard value.count == 1, value.type.byteCount != nil else {
                throw call.invalid("value has \(value.count) elements of \(value.type), expected one number")
            }
            return [TensorSpec(value.type, shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let value = try value(call), count = call.output().count, size = value.range.count
            return { buffers in
                guard let y = buffers.outputs[0], let source = value.pointer else { return }
                for i in 0..<count { (y + i * size).copyMemory(from: source, byteCount: size) }
            }
        })

    private static func value(_ call: OperatorCall) throws(RuntimeError) -> Constant {
        switch call.attribute("value") {
        case nil: return Constant(.float32, [], [Float(0)])
        case .tensor(let tensor): return tensor
        default: throw call.invalid("attribute 'value' is not a tensor")
        }
    }
}
