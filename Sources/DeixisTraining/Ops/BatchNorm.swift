import CDeixisTensor
import DeixisGraph

extension FeatureMap {
    /// y = act(gamma (x - mean) / sqrt(variance + eps) + beta + residual) with the statistics of this batch, over all
    /// positions.
    ///
    /// When the step is taken, the running statistics move by `momentum` towards the batch's, of several passes
    /// towards the mean of theirs; the running variance is the unbiased one, as torch keeps it. Only for training:
    /// elsewhere the norm is folded into its convolution.
    func batchNorm(_ norm: FoldedNorm<Scalar>, momentum: Double, residual: FeatureMap? = nil, activation: Activation)
        -> FeatureMap
    {
        let z = variable.tensor, (rows, columns) = (z.rows, z.columns)
        let kernels = Scalar.kernels

        // Forward
        let mean: Tensor<Scalar> = reduceRows(rows, columns: columns, width: columns) { range, sums in
            kernels.pointee.column_sums(sums, z.pointer + range.lowerBound * columns, range.count, columns, columns)
        }
        for c in 0..<columns { mean.pointer[c] /= Scalar(rows) }
        let rstd: Tensor<Scalar> = reduceRows(rows, columns: columns, width: columns) { range, sums in
            kernels.pointee.centered_squares(
                sums, z.pointer + range.lowerBound * columns, mean.pointer, range.count, columns)
        }
        let scale = Tensor<Scalar>(uninitialized: [columns]), shift = Tensor<Scalar>(uninitialized: [columns])
        let unbiased = Tensor<Scalar>(uninitialized: [columns])
        for c in 0..<columns {
            let variance = rstd.pointer[c] / Scalar(rows)
            unbiased.pointer[c] = rstd.pointer[c] / Scalar(max(rows - 1, 1))
            rstd.pointer[c] = 1 / (variance + Scalar(norm.epsilon)).squareRoot()
            scale.pointer[c] = norm.gamma.value.pointer[c] * rstd.pointer[c]
            shift.pointer[c] = norm.beta.value.pointer[c] - mean.pointer[c] * scale.pointer[c]
        }
        tape.onCommit { share in
            let m = Scalar(momentum * share)
            for (running, found) in [(norm.mean, mean), (norm.variance, unbiased)] {
                let now = running.value.pointer
                running.accumulateGradient { change, beta in
                    for c in 0..<columns {
                        let step = m * (found.pointer[c] - now[c])
                        change[c] = beta == 0 ? step : change[c] + step
                    }
                }
            }
        }
        let y = Tensor<Scalar>(uninitialized: z.shape)
        parallel(rows, grain: max(1, 16384 / columns)) { range in
            let offset = range.lowerBound * columns
            kernels.pointee.scale_shift(
                y.pointer + offset, z.pointer + offset, scale.pointer, shift.pointer,
                residual.map { $0.variable.tensor.pointer + offset },
                activation == .relu ? 1 : 0, range.count, columns)
        }

        // Pullback: with n = (z - mean) rstd, dz = gamma rstd (g - mean(g) - n mean(g n)), g masked by y > 0
        let (tape, source, residualSource) = (tape, variable.reference, residual?.variable.reference)
        let mask = activation == .relu ? y : nil, hasResidual = residual != nil
        let result = tape.record(
            "BatchNorm", inputs: [variable] + (residual.map { [$0.variable] } ?? []),
            parameters: [norm.gamma, norm.beta], y,
            pullback: { gradient in
                let masked = mask == nil || gradient.isUnique() ? gradient : Tensor(uninitialized: gradient.shape)
                let sums: Tensor<Scalar> = reduceRows(rows, columns: columns, width: 2 * columns) { range, sums in
                    let offset = range.lowerBound * columns
                    kernels.pointee.norm_backward_sums(
                        masked.pointer + offset, sums, sums + columns, gradient.pointer + offset,
                        mask.map { $0.pointer + offset },
                        z.pointer + offset, mean.pointer, rstd.pointer, range.count, columns)
                }
                if norm.gamma.isTrainable { norm.gamma.accumulateGradient(sums.pointer + columns) }
                if norm.beta.isTrainable { norm.beta.accumulateGradient(sums.pointer) }
                if let residualSource { tape.accumulate(masked, into: residualSource) }
                let dz = residualSource == nil && mask != nil ? masked : Tensor(uninitialized: masked.shape)
                parallel(rows, grain: max(1, 16384 / columns)) { range in
                    let offset = range.lowerBound * columns
                    kernels.pointee.norm_backward(
                        dz.pointer + offset, masked.pointer + offset, z.pointer + offset, mean.pointer, rstd.pointer,
                        norm.gamma.value.pointer, sums.pointer, sums.pointer + columns, 1 / Double(rows), range.count,
                        columns)
                }
                tape.accumulate(dz, into: source)
            },
            emission: { emitter, values in
                var value = norm.emit(emitter, values[0])
                if hasResidual { value = emitter.node("Add", [value, values[1]]) }
                return activation == .relu ? emitter.node("Relu", [value]) : value
            })
        return FeatureMap(variable: result)
    }
}
