import CDeixisTensor
import DeixisGraph

/// A frozen or evaluated BatchNorm: y = gamma (x - mean) / sqrt(variance + eps) + beta with fixed statistics, so a
/// scale and a shift.
struct FoldedNorm<Scalar: Real> {
    let gamma, beta, mean, variance: Parameter<Scalar>
    let epsilon: Double

    /// gamma / sqrt(variance + eps) and beta - mean * scale.
    func scaleAndShift() -> (Tensor<Scalar>, Tensor<Scalar>) {
        let count = gamma.count
        let scale = Tensor<Scalar>(uninitialized: [count]), shift = Tensor<Scalar>(uninitialized: [count])
        for c in 0..<count {
            let s = gamma.value.pointer[c] / (variance.value.pointer[c] + Scalar(epsilon)).squareRoot()
            scale.pointer[c] = s
            shift.pointer[c] = beta.value.pointer[c] - mean.value.pointer[c] * s
        }
        return (scale, shift)
    }

    func emit(_ emitter: Emitter<Scalar>, _ value: EmittedValue) -> EmittedValue {
        emitter.node(
            "BatchNormalization", [value] + [gamma, beta, mean, variance].map { emitter.parameter($0) },
            attributes: [(name: "epsilon", value: .float(Float(epsilon)))])
    }
}

extension FeatureMap {
    /// y = act(norm(conv(x, W) + b) + residual); W: [out, in, kernel, kernel]; zero padding.
    ///
    /// The norm's scale goes into the reordered weights, its shift, the residual and the ReLU into one pass over each
    /// block of rows while it is in cache; so only y is kept.
    func convolution(
        _ weight: Parameter<Scalar>, bias: Parameter<Scalar>? = nil, norm: FoldedNorm<Scalar>? = nil,
        residual: FeatureMap? = nil,
        activation: Activation = .none, stride: Int = 1, padding: Int = 0
    ) -> FeatureMap {
        let x = variable.tensor
        let product = ConvolutionProduct<Scalar>(input: x.shape, weight: weight.shape, stride: stride, padding: padding)
        let folded = norm?.scaleAndShift()
        let scale = folded?.0, shift = folded?.1 ?? bias?.value
        let y = Tensor<Scalar>(uninitialized: product.outputShape)
        precondition(residual.map { $0.variable.shape == y.shape } ?? true, "residual does not fit \(y.shape)")

        // Forward
        product.forward(
            x, weight, scale: scale, shift: shift, residual: residual?.variable.tensor, relu: activation == .relu,
            into: y)

        // Pullback: with g masked by y > 0, dW = scale (g^T patches), dx = patches^T (g W)
        let (tape, source, residualSource) = (tape, variable.reference, residual?.variable.reference)
        let inputNeedsGradient = variable.needsGradient, hasResidual = residual != nil
        let mask = activation == .relu ? y : nil
        let result = tape.record(
            "Conv", inputs: [variable] + (residual.map { [$0.variable] } ?? []),
            parameters: [weight] + (bias.map { [$0] } ?? [])
                + (norm.map { [$0.gamma, $0.beta] } ?? []), y,
            macs: y.count * product.patch,
            pullback: { gradient in
                let (rows, columns) = (gradient.rows, gradient.columns)
                if let mask {
                    let masked = gradient.isUnique() ? gradient : Tensor(uninitialized: gradient.shape)
                    parallel(rows * columns, grain: 1 << 14) {
                        let offset = $0.lowerBound
                        Scalar.kernels.pointee.relu_backward(
                            masked.pointer + offset, gradient.pointer + offset, mask.pointer + offset, $0.count)
                    }
                    gradient = masked
                }
                if let bias, bias.isTrainable {
                    let sums: Tensor<Scalar> = reduceRows(rows, columns: columns, width: columns) { range, sums in
                        Scalar.kernels.pointee.column_sums(
                            sums, gradient.pointer + range.lowerBound * columns, range.count, columns, columns)
                    }
                    bias.accumulateGradient(sums.pointer)
                }
                if weight.isTrainable { product.accumulateWeightGradient(gradient, x, scale: scale, into: weight) }
                if inputNeedsGradient {
                    tape.accumulate(into: source) { target, beta in
                        product.accumulateInputGradient(gradient, weight, scale: scale, beta: beta, into: target)
                    }
                }
                if let residualSource { tape.accumulate(gradient, into: residualSource) }
            },
            emission: { emitter, values in
                let pair = { (n: Int) in Attribute.ints([Int64(n), Int64(n)]) }
                var inputs: [EmittedValue?] = [values[0], emitter.parameter(weight)]
                if let bias { inputs.append(emitter.parameter(bias)) }
                let p = Int64(padding)
                var value = emitter.node(
                    "Conv", inputs,
                    attributes: [
                        (name: "kernel_shape", value: pair(product.kernel)), (name: "strides", value: pair(stride)),
                        (name: "pads", value: .ints([p, p, p, p])),
                    ])
                if let norm { value = norm.emit(emitter, value) }
                if hasResidual { value = emitter.node("Add", [value, values[1]]) }
                if activation == .relu { value = emitter.node("Relu", [value]) }
                return value
            })
        return FeatureMap(variable: result)
    }
}
