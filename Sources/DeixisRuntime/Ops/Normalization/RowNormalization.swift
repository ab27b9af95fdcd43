import DeixisGraph

/// y = (x - mean) / sqrt(variance + epsilon) scale + bias over rows of elements that lie behind each other; variance =
/// mean (x - mean)^2.
///
/// The operators differ in what a row is and in which scale and bias belong to an element.
struct RowNormalization {
    var rows: Int
    var length: Int
    var epsilon: Double
    /// Index of scale and bias for element `i` of row `row`.
    var parameter: (_ row: Int, _ i: Int) -> Int
    /// Of the bias, by `i`, where it is another.
    var biasPlaces: [Int]?
    /// Without, x^2 stands for the variance and nothing is subtracted.
    var centered = true

    /// Inputs 0 X, 1 scale (optional), 2 bias (optional); outputs 0 Y, 1 mean and 2 1 / sqrt(variance + epsilon),
    /// float32, if wanted.
    func compute(_ call: OperatorCall) throws(RuntimeError) -> Compute {
        let elements = RealElements(try call.input(0).element), (hasScale, hasBias) = (call.has(1), call.has(2))
        let reals = RealElements(hasScale ? try call.input(1).element : try call.input(0).element)
        return { [self] buffers in
            guard let x = buffers.inputs[0] else { return }
            for row in 0..<rows {
                let start = row * length
                var mean = 0.0, variance = 0.0
                if centered {
                    for i in 0..<length { mean += elements.load(x, start + i) }
                    mean /= Double(length)
                }
                for i in 0..<length {
                    let difference = elements.load(x, start + i) - mean
                    variance += difference * difference
                }
                let inverse = 1 / (variance / Double(length) + epsilon).squareRoot()
                if let y = buffers.outputs[0] {
                    for i in 0..<length {
                        let at = parameter(row, i)
                        var value = (elements.load(x, start + i) - mean) * inverse
                        if hasScale, let scale = buffers.inputs[1] { value *= reals.load(scale, at) }
                        if hasBias, let bias = buffers.inputs[2] { value += reals.load(bias, biasPlaces?[i] ?? at) }
                        elements.store(y, start + i, value)
                    }
                }
                if buffers.outputs.count > 1, let means = buffers.outputs[1] {
                    means.assumingMemoryBound(to: Float.self)[row] = Float(mean)
                }
                if buffers.outputs.count > 2, let inverses = buffers.outputs[2] {
                    inverses.assumingMemoryBound(to: Float.self)[row] = Float(inverse)
                }
            }
        }
    }

    /// Input `index` (scale or bias), if there is one, has the type of input `first`, and shape `shape` or one that
    /// `broadcasts` to it.
    @inline(never)
    static func check(
        _ call: OperatorCall, _ index: Int, like first: Int = 1, shape: [Int], broadcasts: Bool = false
    ) throws(RuntimeError) {
        guard call.has(index) else { return }
        let spec = try call.input(index)
        guard spec.shape == shape || (broadcasts && broadcast(spec.shape, shape) == shape) else {
            throw call.invalid("input \(index) has shape \(spec.shape), expected \(shape)")
        }
        let element = try call.input(first).element
        guard spec.element == element, element.isReal else {
            throw call.invalid("inputs \(first) and \(index) are \(element) and \(spec.element)")
        }
    }
}
