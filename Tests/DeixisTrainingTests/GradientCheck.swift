@testable import DeixisTraining
import Testing

/// Compares every gradient of `body` with central differences in double precision.
///
/// `body` must be a function of the leaves and parameters alone; its result is weighted by fixed numbers and summed.
/// Returns the worst error, relative to the larger of 1 and the gradient's own size.
@discardableResult
func checkGradients(
    leaves shapes: [[Int]], _ store: ParameterStore<Double> = ParameterStore(seed: 1), scale: Double = 1,
    step: Double = 1e-5,
    tolerance: Double = 1e-7, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (Tape<Double>, [Variable<Double>]) -> Variable<Double>
) -> Double {
    let leaves = shapes.enumerated().map { index, shape in
        let tensor = Tensor<Double>(uninitialized: shape)
        Initializer.normal(deviation: scale).fill(tensor, seed: UInt64(index + 17))
        return tensor
    }
    var weights: [Double] = []
    func value() -> Double {
        let tape = Tape<Double>(.training(seed: 3))
        let result = body(tape, leaves.map { tape.variable($0, needsGradient: true) })
        if weights.isEmpty {
            let tensor = Tensor<Double>(uninitialized: result.shape)
            Initializer.normal(deviation: 1).fill(tensor, seed: 99)
            weights = tensor.values
        }
        return zip(result.tensor.values, weights).reduce(0) { $0 + $1.0 * $1.1 }
    }
    _ = value()

    store.clearGradients()
    let tape = Tape<Double>(.training(seed: 3))
    let variables = leaves.map { tape.variable($0, needsGradient: true) }
    let result = body(tape, variables)
    tape.backward(result, seed: Tensor(result.shape, weights))
    var subjects: [(String, Tensor<Double>, [Double])] = zip(leaves, variables).enumerated().map { index, pair in
        ("leaf \(index)", pair.0, tape.gradient(of: pair.1)?.values ?? Array(repeating: 0, count: pair.0.count))
    }
    subjects += store.trainable.map { ($0.name, $0.value, $0.gradient?.values ?? Array(repeating: 0, count: $0.count)) }

    var worst = 0.0
    for (name, tensor, gradient) in subjects {
        for index in 0..<tensor.count {
            let original = tensor.pointer[index]
            tensor.pointer[index] = original + step
            let above = value()
            tensor.pointer[index] = original - step
            let below = value()
            tensor.pointer[index] = original
            let expected = (above - below) / (2 * step)
            let error = abs(expected - gradient[index]) / max(1, abs(expected))
            worst = max(worst, error)
            guard error <= tolerance else {
                Issue.record(
                    "\(name)[\(index)]: pullback \(gradient[index]), differences \(expected)",
                    sourceLocation: sourceLocation)
                return worst
            }
        }
    }
    return worst
}
