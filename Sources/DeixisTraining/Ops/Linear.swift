import CDeixisTensor
import DeixisGraph

/// What follows the product in the same pass.
public enum Activation: Sendable, Equatable {
    case none, relu
}

extension Variable {
    /// y = act(x W^T + b). x: [..., in], W: [out, in], b: [out], y: [..., out].
    public func linear(
        _ weight: Parameter<Scalar>, _ bias: Parameter<Scalar>?, activation: Activation = .none
    ) -> Variable {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let (x, rows) = (tensor, tensor.rows)
        precondition(x.columns == inputs, "linear \(weight.name) \(weight.shape) applied to \(shape)")

        // Forward
        let y = Tensor<Scalar>(uninitialized: shape.dropLast() + [outputs])
        multiply(x.pointer, weight.value.pointer, transposedB: true, m: rows, n: outputs, k: inputs, into: y.pointer)
        let act: Int32 = activation == .relu ? 1 : 0
        if bias != nil || act != 0 {
            parallel(rows, grain: max(1, 16384 / outputs)) {
                Scalar.kernels.pointee.bias_act(
                    y.pointer + $0.lowerBound * outputs, bias?.value.pointer, nil, act, $0.count, outputs)
            }
        }

        // Pullback: dW = g^T x, db = sum of rows of g, dx = g W, where g is masked by y > 0 under ReLU
        let (tape, source) = (tape, reference)
        let mask = activation == .relu ? y : nil
        return tape.record(
            "Linear", inputs: [self], parameters: [weight] + (bias.map { [$0] } ?? []), y,
            macs: rows * outputs * inputs,
            pullback: { gradient in
                if let mask {
                    let masked = gradient.isUnique() ? gradient : Tensor(uninitialized: gradient.shape)
                    let sums: Tensor<Scalar> = reduceRows(rows, columns: outputs, width: outputs) { range, sums in
                        let offset = range.lowerBound * outputs
                        Scalar.kernels.pointee.relu_backward_sums(
                            masked.pointer + offset, sums, gradient.pointer + offset, mask.pointer + offset,
                            range.count, outputs)
                    }
                    gradient = masked
                    if let bias, bias.isTrainable { bias.accumulateGradient(sums.pointer) }
                } else if let bias, bias.isTrainable {
                    let sums: Tensor<Scalar> = reduceRows(rows, columns: outputs, width: outputs) { range, sums in
                        Scalar.kernels.pointee.column_sums(
                            sums, gradient.pointer + range.lowerBound * outputs, range.count, outputs, outputs)
                    }
                    bias.accumulateGradient(sums.pointer)
                }
                if weight.isTrainable {
                    weight.accumulateGradient { target, beta in
                        multiply(
                            gradient.pointer, transposedA: true, x.pointer, m: outputs, n: inputs, k: rows, beta: beta,
                            into: target)
                    }
                }
                tape.accumulate(into: source) { target, beta in
                    multiply(
                        gradient.pointer, weight.value.pointer, m: rows, n: inputs, k: outputs, beta: beta, into: target
                    )
                }
            },
            // MatMul with the transposed weight, which keeps its name and memory; runtimes fold the transpose.
            emission: { emitter, values in
                let transposed = emitter.node(
                    "Transpose", [emitter.parameter(weight)], attributes: [(name: "perm", value: .ints([1, 0]))])
                var value = emitter.node("MatMul", [values[0], transposed])
                if let bias { value = emitter.node("Add", [value, emitter.parameter(bias)]) }
                if activation == .relu { value = emitter.node("Relu", [value]) }
                return value
            })
    }
}
