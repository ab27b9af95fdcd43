import CDeixisKernels
import DeixisGraph

/// O = quantized(P V), P = quantized(softmax(scale Q K^T + bias)) for each head, on stored queries, keys and values.
///
/// Q, K, V uint8 and shapes as of Attention; bias float32. Attributes `heads`, `scale` (of real scores), scales of q,
/// k, v, p (zero point 0) and y; without `y_scale` O is float32. Scores that the file stores in between have scales
/// too: `product`, `scaled`, `biased`.
enum QAttention {
    static let definition = OperatorDefinition(
        "QAttention", domain: .deixis, inputs: 3...4, types: [.uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let e = try Attention.Extents(call, .uint8)
            return [
                TensorSpec(try call.stored(.y) == nil ? .float32 : .uint8, [e.batch, e.queries, e.heads * e.valueHead])
            ]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try ReferenceKernel.compute(call, lower) },
        lower: lower)

    private static let lower: Lowerings.Lower = {
        (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let e = try Attention.Extents(call), y = try call.stored(.y)
        guard let q = try call.stored(.q), let k = try call.stored(.k), let v = try call.stored(.v),
            let p = try call.stored(.p), p.zero == 0,
            let kernel = deixis_attention_s8_select(lowering.isa)
        else { throw call.invalid("attributes of stored queries, keys, values or probabilities are missing") }
        if let last = e.bias?.last, last != 1, e.keys != 1 { throw call.invalid("the bias is the same for all keys") }
        guard fits(keys: e.keys, head: e.head) else { throw call.invalid("\(e.keys) keys of \(e.head) channels") }
        let roundings = (
            rounding(try call.stored(.product)), rounding(try call.stored(.scaled)), rounding(try call.stored(.biased))
        )
        let rounds = roundings.0.scale + roundings.1.scale + roundings.2.scale > 0
        let block = Int(kernel.pointee.block), blocks = (e.queries + block - 1) / block, pairs = e.batch * e.heads
        // Packing a head's keys is repeated by each task: few parts where there are heads enough.
        let parts = max(1, min(blocks, (lowering.threads * 2 + pairs - 1) / max(pairs, 1)))
        let (qRow, vRow) = (e.heads * e.head, e.heads * e.valueHead)
        let size = y == nil ? 4 : 1
        return Kernel(
            "attention_s8", macs: e.macs, scratchBytes: kernel.pointee.scratch(e.keys, e.head, e.valueHead),
            tasks: pairs * parts
        ) { buffers, task, worker in
            let pair = task / parts, range = Lowering.range(task % parts, of: parts, blocks)
            let b = pair / e.heads, h = pair % e.heads
            var bias: UnsafePointer<Float>?
            var biasRow = 0
            if let s = e.bias {
                bias = buffers.input(3, Float.self) + (b * s[0] + h * s[1])
                biasRow = s[2]
            }
            var args = deixis_attention_s8_args(
                queries: e.queries, keys: e.keys, head: e.head, value_head: e.valueHead,
                q: buffers.input(0, UInt8.self) + (b * e.queries * qRow + h * e.head),
                k: buffers.input(1, UInt8.self) + (b * e.keys * qRow + h * e.head),
                v: buffers.input(2, UInt8.self) + (b * e.keys * vRow + h * e.valueHead), q_row: qRow, k_row: qRow,
                v_row: vRow,
                q_zero: q.zero, k_zero: k.zero, v_zero: v.zero, scale: q.scale * k.scale * (rounds ? 1 : e.scale),
                bias: bias, bias_query: biasRow,
                p_inverse_scale: 1 / p.scale,
                o: buffers.outputs[0].map { $0 + (b * e.queries * vRow + h * e.valueHead) * size }, o_row: vRow,
                output_type: StoredScale.type(y), o_multiplier: p.scale * v.scale,
                inverse_scale: y.map { 1 / $0.scale } ?? 1, zero: y?.zero ?? 0, rounds: rounds ? 1 : 0, factor: e.scale,
                product: roundings.0, scaled: roundings.1, biased: roundings.2)
            kernel.pointee.run(
                &args, range.lowerBound * block, min(range.upperBound * block, e.queries),
                buffers.scratch(worker, UInt8.self))
        }
    }

    /// Sums of 255 * 255 stay inside int32.
    static func fits(keys: Int, head: Int) -> Bool { keys > 0 && keys <= 1 << 15 && head <= 1 << 15 }

    private static func rounding(_ stored: StoredScale?) -> deixis_attention_s8_rounding {
        stored.map { deixis_attention_s8_rounding(scale: $0.scale, inverse: 1 / $0.scale, zero: $0.zero) }
            ?? deixis_attention_s8_rounding()
    }
}
