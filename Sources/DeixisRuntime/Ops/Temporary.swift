import DeixisGraph
/// Enough of four operators for the first networks; the rooms to come take precedence.
enum Temporary {
    static let all: [OperatorDefinition] = [
        OperatorDefinition("BatchNormalization", inputs: 5...5, types: .float,
            infer: { (call: OperatorCall) throws(RuntimeError) in [try call.input(0)] },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), c = x.shape[1], area = x.count / x.shape[0] / c, e = try call.float("epsilon", default: 1e-5)
                return { b in
                    for i in 0..<x.count {
                        let o = i / area % c
                        let v = (b.input(0, Float.self)[i] - b.input(3, Float.self)[o]) / (b.input(4, Float.self)[o] + e).squareRoot()
                        b.output(0, Float.self)[i] = v * b.input(1, Float.self)[o] + b.input(2, Float.self)[o]
                    }
                }
            }),
        OperatorDefinition("LayerNormalization", inputs: 2...3, types: .float,
            infer: { (call: OperatorCall) throws(RuntimeError) in [try call.input(0)] },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                var inner = call
                inner.inputs = [call.inputs[0], nil, call.inputs[1], call.inputs[2]]
                let f = try FusedLayerNorm.definition.evaluate(inner)
                return { b in f(Buffers(inputs: [b.inputs[0], nil, b.inputs[1], b.inputs[2]], outputs: b.outputs, scratch: b.scratch(0), scratchStride: 0)) }
            }),
        OperatorDefinition("MaxPool", inputs: 1...1, types: .float,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                let w = try Window(call, kernel: nil), x = try call.input(0)
                return [TensorSpec(.float32, [x.shape[0], x.shape[1]] + w.output)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let w = try Window(call, kernel: nil), x = try call.input(0), planes = x.shape[0] * x.shape[1]
                return { b in
                    var at = 0
                    for p in 0..<planes { for oy in 0..<w.output[0] { for ox in 0..<w.output[1] {
                        var best = -Float.infinity
                        for ky in 0..<w.kernel[0] { for kx in 0..<w.kernel[1] {
                            let iy = oy * w.strides[0] + ky - w.padBegin[0], ix = ox * w.strides[1] + kx - w.padBegin[1]
                            if iy < 0 || ix < 0 || iy >= w.input[0] || ix >= w.input[1] { continue }
                            best = max(best, b.input(0, Float.self)[(p * w.input[0] + iy) * w.input[1] + ix])
                        } }
                        b.output(0, Float.self)[at] = best; at += 1
                    } } }
                }
            }),
        OperatorDefinition("Resize", inputs: 1...4, types: .float,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), s = call.constants[2]?.floats ?? []
                return [TensorSpec(.float32, zip(x.shape, s).map { Int(Float($0) * $1) })]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let x = try call.input(0), s = call.constants[2]?.floats ?? [], f = Int(s[2]), h = x.shape[2] * f, w = x.shape[3] * f
                return { b in
                    for p in 0..<x.shape[0] * x.shape[1] { for y in 0..<h { for z in 0..<w {
                        b.output(0, Float.self)[(p * h + y) * w + z] = b.input(0, Float.self)[(p * x.shape[2] + y / f) * x.shape[3] + z / f]
                    } } }
                }
            }),
    ]
}
