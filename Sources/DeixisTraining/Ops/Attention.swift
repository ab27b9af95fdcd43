import CDeixisTensor
import DeixisGraph

/// Which keys take part: 0 for real positions, -1e9 for padding, added to the scores. Shape [batch, keys].
public struct KeyMask<Scalar: Real> {
    let additive: Tensor<Scalar>
    private let leading: Int

    /// - Parameters:
    ///   - attends: 1 for a real position, 0 for padding, row by row.
    ///   - leading: keys in front of these that always take part.
    public init(batch: Int, length: Int, attends: [Int32], leading: Int = 0) {
        self.leading = leading
        additive = Tensor(zeros: [batch, leading + length])
        for index in attends.indices where attends[index] == 0 {
            additive.pointer[index / length * (leading + length) + leading + index % length] = -1e9
        }
    }

    /// (1 - mask) * -1e9 as [batch, 1, 1, leading + length], made once per graph.
    func emitted(_ emitter: Emitter<Scalar>) -> EmittedValue {
        let mask = emitter.input("attention_mask", .int64, [.symbol("batch"), .symbol("length")])
        return emitter.shared("key_mask_\(leading)") {
            let real = emitter.node(
                "Cast", [mask], within: "mask", attributes: [(name: "to", value: .int(Scalar.isDouble ? 11 : 1))])
            let padding = emitter.node("Sub", [emitter.scalars("constant/one", [], [1]), real], within: "mask")
            var additive = emitter.node(
                "Mul", [padding, emitter.scalars("constant/masked", [], [-1e9])], within: "mask")
            if leading > 0 {
                additive = emitter.node("Pad", [additive, emitter.integers([0, leading, 0, 0])], within: "mask")
            }
            return emitter.node("Unsqueeze", [additive, emitter.integers([1, 2])], within: "mask")
        }
    }
}

extension Variable {
    /// Softmax(Q K^T / sqrt(d) + mask) V for each head. Q: [batch, queries, C], K, V: [batch, keys, C], d = C / heads.
    ///
    /// One head at a time stays in cache; the probabilities are kept for the pullback.
    public func attention(keys: Variable, values: Variable, heads: Int, mask: KeyMask<Scalar>? = nil) -> Variable {
        let (batch, queries, width) = (shape[0], shape[1], shape[2]), keyCount = keys.shape[1], depth = width / heads
        precondition(
            keys.shape == [batch, keyCount, width] && values.shape == keys.shape,
            "attention of \(shape) over \(keys.shape)")
        precondition(width % heads == 0, "\(width) channels in \(heads) heads")
        precondition(mask.map { $0.additive.shape == [batch, keyCount] } ?? true, "mask does not fit \(keys.shape)")
        let geometry = dxt_attention(
            queries: queries, keys: keyCount, depth: depth, ldq: width, ldk: width, ldv: width, ldo: width,
            scale: 1 / Double(depth).squareRoot())

        // Forward
        let (q, k, v) = (tensor, keys.tensor, values.tensor)
        let y = Tensor<Scalar>(uninitialized: shape)
        let keeps = tape.isTraining
        let p = Tensor<Scalar>(
            uninitialized: keeps ? [batch, heads, queries, keyCount] : [Backend.threadCount * 4, queries, keyCount])
        let queryStride = queries * width, keyStride = keyCount * width
        withUnsafePointer(to: geometry) { geometry in
            let one = { (item: Int, p: UnsafeMutablePointer<Scalar>) in
                let (b, column) = (item / heads, item % heads * depth)
                let (qo, ko) = (b * queryStride + column, b * keyStride + column)
                Scalar.kernels.pointee.attention(
                    y.pointer + qo, p, q.pointer + qo, k.pointer + ko, v.pointer + ko,
                    mask.map { $0.additive.pointer + b * keyCount },
                    geometry)
            }
            if keeps {
                parallelChunks(batch * heads) { one($0, p.pointer + $0 * queries * keyCount) }
            } else {
                let lanes = Backend.threadCount * 4
                parallelChunks(lanes) { lane in
                    for item in stride(from: lane, to: batch * heads, by: lanes) {
                        one(item, p.pointer + lane * queries * keyCount)
                    }
                }
            }
        }

        // Pullback: dV = P^T dO; dP = dO V^T; dS = P (dP - rowsum(P dP)); dQ = dS K / sqrt(d); dK = dS^T Q / sqrt(d)
        let (tape, qSource, kSource, vSource) = (tape, reference, keys.reference, values.reference)
        let saved = keeps ? p : nil
        return tape.record(
            "Attention", inputs: [self, keys, values], y, macs: 2 * batch * queries * keyCount * width,
            pullback: { gradient in
                guard let p = saved else { return }
                let dq = Tensor<Scalar>(uninitialized: q.shape)
                let dk = Tensor<Scalar>(uninitialized: k.shape), dv = Tensor<Scalar>(uninitialized: k.shape)
                let g = gradient.pointer
                withUnsafePointer(to: geometry) { geometry in
                    parallelChunks(batch * heads) { item in
                        let (b, column) = (item / heads, item % heads * depth)
                        let (qo, ko) = (b * queryStride + column, b * keyStride + column)
                        Scalar.kernels.pointee.attention_backward(
                            dq.pointer + qo, dk.pointer + ko, dv.pointer + ko, g + qo,
                            p.pointer + item * queries * keyCount,
                            q.pointer + qo, k.pointer + ko, v.pointer + ko, geometry)
                    }
                }
                tape.accumulate(dq, into: qSource)
                tape.accumulate(dk, into: kSource)
                tape.accumulate(dv, into: vSource)
            },
            emission: { emitter, inputs in
                func split(_ value: EmittedValue, _ order: [Int64]) -> EmittedValue {
                    let shaped = emitter.node("Reshape", [value, emitter.integers([0, 0, heads, depth])])
                    return emitter.node("Transpose", [shaped], attributes: [(name: "perm", value: .ints(order))])
                }
                let query = split(inputs[0], [0, 2, 1, 3]), key = split(inputs[1], [0, 2, 3, 1]),
                    value = split(inputs[2], [0, 2, 1, 3])
                let product = emitter.node("MatMul", [query, key])
                let scale = 1 / Double(depth).squareRoot()
                var scores = emitter.node("Mul", [product, emitter.scalars("constant/scale_\(depth)", [], [scale])])
                if let mask { scores = emitter.node("Add", [scores, mask.emitted(emitter)]) }
                let weights = emitter.node("Softmax", [scores], attributes: [(name: "axis", value: .int(-1))])
                let mixed = emitter.node("MatMul", [weights, value])
                let joined = emitter.node(
                    "Transpose", [mixed], attributes: [(name: "perm", value: .ints([0, 2, 1, 3]))])
                return emitter.node("Reshape", [joined, emitter.integers([0, 0, width])])
            })
    }
}
