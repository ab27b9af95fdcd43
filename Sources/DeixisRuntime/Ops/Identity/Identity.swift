import DeixisGraph

/// Y = X
enum Identity {
    static let definition = OperatorDefinition(
        "Identity", inputs: 1...1, types: .movable,
        infer: { (call: OperatorCall) throws(RuntimeError) in [try call.input(0)] },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in copyBytes(try call.input(0).byteCount) },
        view: OperatorDefinition.bytesOf(input: 0))
}

/// Y = X; mask (output 1): true everywhere. `training_mode` (input 2) must be false or left out.
enum Dropout {
    static let definition = OperatorDefinition(
        "Dropout", inputs: 1...3, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            if call.has(2), try call.integers(2) != [0] { throw call.invalid("training_mode is not supported") }
            let x = try call.input(0)
            return [x, TensorSpec(.bool, x.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), copy = copyBytes(x.byteCount), count = x.count
            return { buffers in
                copy(buffers)
                if buffers.outputs.count > 1, let mask = buffers.outputs[1] {
                    mask.initializeMemory(as: UInt8.self, repeating: 1, count: count)
                }
            }
        },
        view: { call in call.wants(1) ? nil : .outputsInside(input: 0, offsets: [0]) })
}
