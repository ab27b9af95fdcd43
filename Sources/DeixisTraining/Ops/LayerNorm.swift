import CDeixisTensor
import DeixisGraph

extension Variable {
    /// y = gamma (s - mean) / sqrt(variance + eps) + beta over the last axis, s = x + dropout(r).
    ///
    /// The residual sum of post-norm layers is part of it, so that the sum is made, kept and differentiated in the same
    /// passes.
    public func layerNorm(
        adding residual: Variable? = nil, dropout rate: Double = 0, _ gamma: Parameter<Scalar>,
        _ beta: Parameter<Scalar>,
        epsilon: Double
    ) -> Variable {
        let (rows, columns) = (tensor.rows, tensor.columns)
        precondition(gamma.shape == [columns], "layer norm \(gamma.name) \(gamma.shape) applied to \(shape)")
        precondition(residual.map { $0.shape == shape } ?? true, "layer norm of \(shape) plus \(residual?.shape ?? [])")

        // Forward
        let seed = residual != nil && rate > 0 ? tape.nextSeed() : nil
        let p = seed == nil ? 0 : rate
        let sum = residual == nil ? tensor : Tensor<Scalar>(uninitialized: shape)
        let y = Tensor<Scalar>(uninitialized: shape)
        let mean = Tensor<Scalar>(uninitialized: [rows]), deviation = Tensor<Scalar>(uninitialized: [rows])
        let (samples, first) = (shape[0], tape.firstSample), sampleRows = max(1, rows / max(samples, 1))
        func normalize(_ range: Range<Int>, _ position: UInt64) {
            let offset = range.lowerBound * columns
            Scalar.kernels.pointee.layer_norm(
                y.pointer + offset, sum.pointer + offset, mean.pointer + range.lowerBound,
                deviation.pointer + range.lowerBound,
                tensor.pointer + offset, residual.map { $0.tensor.pointer + offset }, gamma.value.pointer,
                beta.value.pointer,
                epsilon, range.count, columns, p, seed ?? 0, position)
        }
        parallel(rows, grain: max(1, 8192 / columns)) { range in
            guard p > 0 else { return normalize(range, 0) }
            eachSample(
                of: range.lowerBound * columns..<range.upperBound * columns, width: sampleRows * columns, first: first
            ) {
                normalize($0.lowerBound / columns..<$0.upperBound / columns, $1)
            }
        }

        // Pullback: with h = g gamma and n = (s - mean) rstd, ds = rstd (h - mean(h) - n mean(h n)); dr = dropout(ds)
        let (tape, source, residualSource) = (tape, reference, residual?.reference)
        return tape.record(
            "LayerNorm", inputs: [self] + (residual.map { [$0] } ?? []), parameters: [gamma, beta], y,
            pullback: { gradient in
                let ds = gradient.isUnique() ? gradient : Tensor(uninitialized: gradient.shape)
                let sums: Tensor<Scalar> = reduceRows(rows, columns: columns, width: 2 * columns) { range, sums in
                    let offset = range.lowerBound * columns
                    Scalar.kernels.pointee.layer_norm_backward(
                        ds.pointer + offset, sums, sums + columns, gradient.pointer + offset, sum.pointer + offset,
                        mean.pointer + range.lowerBound, deviation.pointer + range.lowerBound, gamma.value.pointer,
                        range.count,
                        columns)
                }
                if gamma.isTrainable { gamma.accumulateGradient(sums.pointer) }
                if beta.isTrainable { beta.accumulateGradient(sums.pointer + columns) }
                if let residualSource {
                    if let seed {
                        let dropped = Tensor<Scalar>(uninitialized: ds.shape)
                        applyDropout(ds, into: dropped, rate: p, seed: seed, samples: samples, first: first)
                        tape.accumulate(dropped, into: residualSource)
                    } else {
                        tape.accumulate(ds, into: residualSource)
                    }
                }
                tape.accumulate(ds, into: source)
            },
            emission: { emitter, values in
                let input = values.count > 1 ? emitter.node("Add", [values[0], values[1]]) : values[0]
                return emitter.node(
                    "LayerNormalization", [input, emitter.parameter(gamma), emitter.parameter(beta)],
                    attributes: [(name: "axis", value: .int(-1)), (name: "epsilon", value: .float(Float(epsilon)))])
            })
    }
}
