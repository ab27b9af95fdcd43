import CDeixisKernels
import DeixisGraph

/// Y = (s - mean s) / sqrt(var s + epsilon) scale + bias over the last axis, s = X + residual.
///
/// X, residual [..., n]; scale, bias [n]. `FuseResidualIntoLayerNorm` makes it of Add and LayerNormalization.
enum FusedLayerNorm {
    static let definition = OperatorDefinition(
        "LayerNorm", domain: .deixis, inputs: 4...4, types: .float,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            guard let n = x.shape.last else { throw call.invalid("a scalar has no last axis") }
            try call.require(1, shape: x.shape)
            try call.require(2, shape: [n])
            try call.require(3, shape: [n])
            return [x]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), n = x.shape.last ?? 1, rows = n == 0 ? 0 : x.count / n
            let epsilon = Double(try call.float("epsilon", default: 1e-5))
            let (hasResidual, hasScale, hasBias) = (call.has(1), call.has(2), call.has(3))
            return { buffers in
                for row in 0..<rows {
                    let x = buffers.input(0, Float.self) + row * n, y = buffers.output(0, Float.self) + row * n
                    let residual = hasResidual ? buffers.input(1, Float.self) + row * n : nil
                    func s(_ i: Int) -> Double { Double(x[i] + (residual?[i] ?? 0)) }
                    var mean = 0.0, variance = 0.0
                    for i in 0..<n { mean += s(i) }
                    mean /= Double(n)
                    for i in 0..<n { variance += (s(i) - mean) * (s(i) - mean) }
                    let factor = 1 / (variance / Double(n) + epsilon).squareRoot()
                    for i in 0..<n {
                        let scale = hasScale ? Double(buffers.input(2, Float.self)[i]) : 1
                        let shift = hasBias ? Double(buffers.input(3, Float.self)[i]) : 0
                        y[i] = Float((s(i) - mean) * factor * scale + shift)
                    }
                }
            }
        },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in
            try LayerNormKernel.kernel(
                call, lowering, residual: call.has(1) ? 1 : nil, scale: call.has(2) ? 2 : nil,
                bias: call.has(3) ? 3 : nil)
        })
}

enum LayerNormKernel {
    /// ONNX LayerNormalization over the last axis.
    static let lower: Lowerings.Lower = { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let x = try call.input(0)
        guard x.element == .float32, x.rank > 0, !call.wants(1), !call.wants(2),
            try call.input(1) == TensorSpec(.float32, Array(x.shape.suffix(1))),
            try call.normalize(axis: try call.int("axis", default: -1), rank: x.rank) == x.rank - 1
        else { return nil }
        if call.has(2), try call.input(2) != call.input(1) { return nil }
        return try kernel(call, lowering, residual: nil, scale: 1, bias: call.has(2) ? 2 : nil)
    }

    static func kernel(
        _ call: OperatorCall, _ lowering: Lowering, residual: Int?, scale: Int?, bias: Int?
    ) throws(RuntimeError) -> Kernel? {
        let x = try call.input(0)
        guard let n = x.shape.last, n > 0, let kernel = deixis_layernorm_f32_select(lowering.isa) else { return nil }
        let rows = x.count / n, epsilon = try call.float("epsilon", default: 1e-5)
        let tasks = lowering.tasks(rows, grain: max(1, (1 << 13) / n))
        return Kernel("layernorm_f32", inPlace: [0] + (residual.map { [$0] } ?? []), tasks: tasks) { buffers, task, _ in
            var args = deixis_layernorm_f32_args(
                x: buffers.input(0), x_row: n, residual: residual.map { buffers.input($0) }, residual_row: n,
                scale: scale.map { buffers.input($0) }, shift: bias.map { buffers.input($0) }, sum: nil, sum_row: 0,
                y: buffers.output(0), y_row: n, count: n, epsilon: epsilon)
            let range = Lowering.range(task, of: tasks, rows)
            kernel.pointee.run(&args, range.lowerBound, range.upperBound)
        }
    }
}
