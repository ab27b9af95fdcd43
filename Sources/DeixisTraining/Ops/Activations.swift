import CDeixisTensor
import DeixisGraph

extension Variable {
    /// max(x, 0)
    public func relu() -> Variable {
        let y = mapped { y, x, count in
            for index in 0..<count { y[index] = max(x[index], 0) }
        }
        let (tape, source) = (tape, reference)
        return tape.record(
            "Relu", inputs: [self], y,
            pullback: { gradient in
                tape.accumulate(
                    backward(&gradient, y) { Scalar.kernels.pointee.relu_backward($0, $1, $2, $3) }, into: source)
            },
            emission: { emitter, values in emitter.node("Relu", [values[0]]) })
    }

    /// x Phi(x) with the normal distribution Phi by erf (Hendrycks and Gimpel 2016).
    public func gelu() -> Variable {
        let x = tensor
        let y = mapped { Scalar.kernels.pointee.gelu($0, $1, $2) }
        let (tape, source) = (tape, reference)
        return tape.record(
            "Gelu", inputs: [self], y,
            pullback: { gradient in
                tape.accumulate(
                    backward(&gradient, x) { Scalar.kernels.pointee.gelu_backward($0, $1, $2, $3) }, into: source)
            },
            // x (1 + erf(x / sqrt 2)) / 2; the operator Gelu came with opset 20.
            emission: { emitter, values in
                let scaled = emitter.node(
                    "Div", [values[0], emitter.scalars("constant/sqrt2", [], [Double(2).squareRoot()])])
                let sum = emitter.node(
                    "Add", [emitter.node("Erf", [scaled]), emitter.scalars("constant/one", [], [1])])
                let product = emitter.node("Mul", [values[0], sum])
                return emitter.node("Mul", [product, emitter.scalars("constant/half", [], [0.5])])
            })
    }

    /// 1 / (1 + exp(-x))
    public func sigmoid() -> Variable {
        let y = mapped { Scalar.kernels.pointee.sigmoid($0, $1, $2) }
        let (tape, source) = (tape, reference)
        return tape.record(
            "Sigmoid", inputs: [self], y,
            pullback: { gradient in
                tape.accumulate(
                    backward(&gradient, y) { Scalar.kernels.pointee.sigmoid_backward($0, $1, $2, $3) }, into: source)
            },
            emission: { emitter, values in emitter.node("Sigmoid", [values[0]]) })
    }

    private func mapped(_ body: (UnsafeMutablePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int) -> Void) -> Tensor<
        Scalar
    > {
        let (x, y) = (tensor, Tensor<Scalar>(uninitialized: shape))
        parallel(x.count, grain: 1 << 13) { body(y.pointer + $0.lowerBound, x.pointer + $0.lowerBound, $0.count) }
        return y
    }
}

/// out = f(g, saved) elementwise, over g itself where nobody else holds it.
private func backward<Scalar: Real>(
    _ gradient: inout Tensor<Scalar>, _ saved: Tensor<Scalar>,
    _ body: (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int) -> Void
) -> Tensor<Scalar> {
    let result = gradient.isUnique() ? gradient : Tensor<Scalar>(uninitialized: gradient.shape)
    let g = gradient
    parallel(g.count, grain: 1 << 13) {
        let offset = $0.lowerBound
        body(result.pointer + offset, g.pointer + offset, saved.pointer + offset, $0.count)
    }
    return result
}
