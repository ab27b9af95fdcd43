import DeixisGraph

/// Y = X / (sum |x|^p)^(1/p) along `axis` (default -1), `p` 1 or 2 (default); rows of zeros stay zeros.
enum LpNormalization {
    static let definition = OperatorDefinition(
        "LpNormalization", inputs: 1...1, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            _ = try axis(call)
            let p = try call.int("p", default: 2)
            guard p == 1 || p == 2 else { throw call.invalid("p is \(p), expected 1 or 2") }
            return [try call.input(0)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), axis = try axis(call), length = x.shape[axis],
                squared = try call.int("p", default: 2) == 2
            let outer = x.shape[..<axis].reduce(1, *), inner = x.shape[(axis + 1)...].reduce(1, *)
            let elements = RealElements(x.element)
            return { buffers in
                guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                for o in 0..<outer {
                    for i in 0..<inner {
                        let start = o * length * inner + i
                        var norm = 0.0
                        for k in 0..<length {
                            let value = elements.load(x, start + k * inner)
                            norm += squared ? value * value : value.magnitude
                        }
                        if squared { norm = norm.squareRoot() }
                        for k in 0..<length {
                            elements.store(
                                y, start + k * inner, norm == 0 ? 0 : elements.load(x, start + k * inner) / norm)
                        }
                    }
                }
            }
        })

    private static func axis(_ call: OperatorCall) throws(RuntimeError) -> Int {
        try call.normalize(axis: try call.int("axis", default: -1), rank: try call.input(0).rank)
    }
}

/// Y = (X - mean) / (sqrt(variance) + 1e-9), mean and variance over `axes` (default 0, 2, 3).
enum MeanVarianceNormalization {
    static let definition = OperatorDefinition(
        "MeanVarianceNormalization", since: 9, inputs: 1...1, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            _ = try axes(call)
            return [try call.input(0)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), sets = Reduce.Sets(x.shape, try axes(call)), elements = RealElements(x.element)
            return { buffers in
                guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                sets.forEach { _, base in
                    var mean = 0.0, variance = 0.0
                    sets.forEachElement(base) { mean += elements.load(x, $0) }
                    mean /= Double(sets.size)
                    sets.forEachElement(base) {
                        variance += (elements.load(x, $0) - mean) * (elements.load(x, $0) - mean)
                    }
                    let deviation = (variance / Double(sets.size)).squareRoot() + 1e-9
                    sets.forEachElement(base) { elements.store(y, $0, (elements.load(x, $0) - mean) / deviation) }
                }
            }
        })

    private static func axes(_ call: OperatorCall) throws(RuntimeError) -> [Int] {
        try call.normalize(axes: try call.ints("axes") ?? [0, 2, 3], rank: try call.input(0).rank).sorted { $0 < $1 }
    }
}

/// Y = X / (bias + alpha / size * sum of x^2 over `size` channels around)^beta, X [batch, channels, ...].
enum LocalResponseNormalization {
    static let definition = OperatorDefinition(
        "LRN", inputs: 1...1, types: .reals,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), size = try call.int("size", default: 0)
            guard x.rank >= 2, size > 0, size < 1 << 30 else {
                throw call.invalid("input \(x.shape) and size \(size) do not fit")
            }
            try call.checkWork(x.shape + [min(size, x.shape[1])])
            return [x]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), channels = x.shape[1], plane = x.shape[2...].reduce(1, *), count = x.count
            let size = try call.int("size", default: 0), elements = RealElements(x.element)
            let alpha = Double(try call.float("alpha", default: 0.0001)),
                beta = Double(try call.float("beta", default: 0.75))
            let bias = Double(try call.float("bias", default: 1))
            return { buffers in
                guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                for i in 0..<count {
                    let c = i / plane % channels
                    var sum = 0.0
                    for other in max(0, c - (size - 1) / 2)...min(channels - 1, c + size / 2) {
                        let value = elements.load(x, i + (other - c) * plane)
                        sum += value * value
                    }
                    elements.store(y, i, elements.load(x, i) / SystemMath.pow(bias + alpha / Double(size) * sum, beta))
                }
            }
        })
}
