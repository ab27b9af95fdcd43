/// What an input channel of products is divided by, and what that does to the products' rounding noise.
struct MigrationFactors {
    /// Of one input of products, by channel: what calibration saw.
    struct Activation {
        var least, greatest: [Float]
        var meanSquares: [Double]
        /// Share of values that are not 0; 0 is stored exactly.
        var nonzeros: [Double]
        var magnitudes: [Float] { least.indices.map { max(-least[$0], greatest[$0]) } }
    }

    /// W[k, o] of one product: weights in any shape, with the input and the output channel of element i.
    struct Weights {
        var values: [Float]
        var outputs: Int
        var input, output: (Int) -> Int
    }

    /// Times the median channel's magnitude: what is larger is an outlier.
    static let headroom: Float = 2

    /// s[k] = max(1, (max|x[k]| / 2 m)^a (n / max|W[k]|)^(1 - a)),   m, n: medians over k of max|x[k]| and of max|W[k]|
    /// over all products
    ///
    /// Never below 1: were all channels brought to the same range, each would be cut off at the largest value that
    /// calibration happened to see.
    static func factors(_ x: Activation, _ products: [Weights], exponent a: Double) -> [Float] {
        let activation = x.magnitudes
        var weight = [Float](repeating: 0, count: activation.count)
        for product in products {
            for i in product.values.indices {
                weight[product.input(i)] = max(weight[product.input(i)], abs(product.values[i]))
            }
        }
        guard let m = median(activation), let n = median(weight) else { return activation.map { _ in 1 } }
        return activation.indices.map { k in
            guard activation[k] > 0, weight[k] > 0 else { return 1 }
            let x = SystemLog.log(Double(activation[k] / (headroom * m))), w = SystemLog.log(Double(n / weight[k]))
            return Float(SystemLog.exp(max(0, a * x + (1 - a) * w)))
        }
    }

    /// Of those above 0.
    static func median(_ magnitudes: [Float]) -> Float? {
        let sorted = magnitudes.filter { $0 > 0 }.sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }

    /// Expected squared error of the products' outputs from rounding x / s to uint8 and s W to int8 per output channel:
    ///
    ///     sum over o, k of  e[k] (s[k] W[k, o])^2  +  step(W, o)^2 / 12 mean(x[k]^2) / s[k]^2
    ///
    /// with e[k] = share of x[k] that is not 0 times step(x)^2 / 12, or all of mean(x[k]^2) / s[k]^2 where that is
    /// less: it is lost then.
    static func noise(_ x: Activation, _ products: [Weights], _ s: [Float]) -> Double {
        let low = zip(x.least, s).map { $0 / $1 }.min() ?? 0, high = zip(x.greatest, s).map { $0 / $1 }.max() ?? 0
        let step = Double(high - low) / 255
        let squares = zip(x.meanSquares, s).map { $0 / (Double($1) * Double($1)) }
        let power = squares.reduce(0, +), errors = zip(squares, x.nonzeros).map { min($0, $1 * step * step / 12) }
        var total = 0.0
        for product in products {
            var largest = [Float](repeating: 0, count: product.outputs)
            for i in product.values.indices {
                let k = product.input(i), w = product.values[i] * s[k]
                total += Double(w) * Double(w) * errors[k]
                largest[product.output(i)] = max(largest[product.output(i)], abs(w))
            }
            for w in largest { total += Double(w / 127) * Double(w / 127) / 12 * power }
        }
        return total
    }
}
