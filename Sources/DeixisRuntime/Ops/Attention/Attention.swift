import CDeixisKernels
import DeixisGraph

/// O = softmax(scale Q K^T + bias) V for each head, heads being slices of the channels.
///
/// Q [batch, queries, heads d], K [batch, keys, heads d], V [batch, keys, heads e], O [batch, queries, heads e]; bias
/// broadcasts to [batch, heads, queries, keys]. `FuseAttention` makes it of the reshapes, transposes, products and the
/// softmax between them.
enum Attention {
    static let definition = OperatorDefinition(
        "Attention", domain: .deixis, inputs: 3...4, types: .float,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let e = try Extents(call, .float32)
            try call.checkWork([e.macs])
            return [TensorSpec(.float32, [e.batch, e.queries, e.heads * e.valueHead])]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in try evaluate(call) },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in try lower(call, lowering) })

    struct Extents {
        var batch: Int, heads: Int, queries: Int, keys: Int, head: Int, valueHead: Int
        var scale: Float
        /// Strides of the bias along batch, head, query, key; nil without one.
        var bias: [Int]?

        /// `element`: what queries, keys and values must be.
        init(_ call: OperatorCall, _ element: ElementType? = nil) throws(RuntimeError) {
            let q = try call.input(0).shape, k = try call.input(1).shape, v = try call.input(2).shape
            heads = try call.int("heads", default: 1)
            scale = try call.float("scale", default: 1)
            guard q.count == 3, k.count == 3, v.count == 3, heads > 0, q[2] % heads == 0, v[2] % heads == 0,
                k[0] == q[0], v[0] == q[0], k[2] == q[2], v[1] == k[1]
            else { throw call.invalid("queries \(q), keys \(k) and values \(v) are no attention of \(heads) heads") }
            (batch, queries, keys, head, valueHead) = (q[0], q[1], k[1], q[2] / heads, v[2] / heads)
            for i in 0..<call.inputs.count where element != nil && call.has(i) {
                let wanted = i == 3 ? .float32 : element, found = try call.input(i).element
                guard found == wanted else { throw call.invalid("input \(i) is \(found)") }
            }
            if call.has(3) {
                let shape = try call.input(3).shape, target = [batch, heads, queries, keys]
                guard broadcast(shape, target) == target else {
                    throw call.invalid("bias \(shape) does not broadcast to \(target)")
                }
                bias = broadcastStrides(shape, to: target)
            }
        }

        var macs: Int { [batch, heads, queries, keys, head + valueHead].productClamped() }
    }

    private static func evaluate(_ call: OperatorCall) throws(RuntimeError) -> Compute {
        let e = try Extents(call)
        return { buffers in
            let q = buffers.input(0, Float.self), k = buffers.input(1, Float.self), v = buffers.input(2, Float.self)
            let o = buffers.output(0, Float.self)
            for b in 0..<e.batch {
                for h in 0..<e.heads {
                    for i in 0..<e.queries {
                        let row = q + (b * e.queries + i) * e.heads * e.head + h * e.head
                        // Twice over the keys instead of a row of scores: nothing to allocate.
                        func score(_ j: Int) -> Double {
                            let key = k + (b * e.keys + j) * e.heads * e.head + h * e.head
                            var sum = 0.0
                            for c in 0..<e.head { sum += Double(row[c]) * Double(key[c]) }
                            sum *= Double(e.scale)
                            if let s = e.bias {
                                sum += Double(buffers.input(3, Float.self)[b * s[0] + h * s[1] + i * s[2] + j * s[3]])
                            }
                            return sum
                        }
                        var top = -Double.infinity, total = 0.0
                        for j in 0..<e.keys { top = max(top, score(j)) }
                        let to = o + (b * e.queries + i) * e.heads * e.valueHead + h * e.valueHead
                        for c in 0..<e.valueHead { to[c] = 0 }
                        for j in 0..<e.keys { total += SystemMath.exp(score(j) - top) }
                        for j in 0..<e.keys {
                            let weight = SystemMath.exp(score(j) - top) / total
                            let value = v + (b * e.keys + j) * e.heads * e.valueHead + h * e.valueHead
                            for c in 0..<e.valueHead { to[c] += Float(weight * Double(value[c])) }
                        }
                    }
                }
            }
        }
    }

    private static func lower(_ call: OperatorCall, _ lowering: Lowering) throws(RuntimeError) -> Kernel? {
        let e = try Extents(call)
        if let last = e.bias?.last, last != 1, e.keys != 1 { return nil }
        guard e.keys > 0, let kernel = deixis_attention_f32_select(lowering.isa) else { return nil }
        let block = Int(kernel.pointee.block), blocks = (e.queries + block - 1) / block, pairs = e.batch * e.heads
        // Blocks of one head together keep its keys in cache.
        let parts = max(1, min(blocks, (lowering.threads * 4 + pairs - 1) / max(pairs, 1)))
        let (qRow, vRow) = (e.heads * e.head, e.heads * e.valueHead)
        return Kernel(
            "attention_f32", macs: e.macs, scratchBytes: kernel.pointee.scratch(e.keys, e.head, e.valueHead) * 4,
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
            var args = deixis_attention_f32_args(
                queries: e.queries, keys: e.keys, head: e.head, value_head: e.valueHead,
                q: buffers.input(0, Float.self) + (b * e.queries * qRow + h * e.head),
                k: buffers.input(1, Float.self) + (b * e.keys * qRow + h * e.head),
                v: buffers.input(2, Float.self) + (b * e.keys * vRow + h * e.valueHead), q_row: qRow, k_row: qRow,
                v_row: vRow,
                o: buffers.output(0, Float.self) + (b * e.queries * vRow + h * e.valueHead), o_row: vRow,
                scale: e.scale, bias: bias, bias_query: biasRow, caches: lowering.caches)
            kernel.pointee.run(
                &args, range.lowerBound * block, min(range.upperBound * block, e.queries), buffers.scratch(worker))
        }
    }
}
