#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Variable {
    /// The weighted mean of softmax cross-entropies. A row holds several softmaxes beside each other, `classes[k]`
    /// columns for part k:
    ///
    ///     loss = sum_r w_r sum_k (log sum_c exp(x_rkc) - x_rk[label_rk]) / sum_r w_r
    ///     d loss / d x_rkc = w_r (softmax(x_rk)_c - [c = label_rk]) / sum_r w_r
    ///
    /// For training alone: it has no emission.
    ///
    /// - Parameters:
    ///   - labels: rows * classes.count, each below its part's classes.
    ///   - weights: one per row, not negative; all zero gives a loss of 0.
    /// - Returns: shape [1].
    public func softmaxCrossEntropy(classes: [Int], labels: [Int32], weights: [Double]) -> Variable {
        let (x, rows, columns, parts) = (tensor, tensor.rows, tensor.columns, classes.count)
        precondition(columns == classes.reduce(0, +), "classes \(classes) for \(shape)")
        precondition(
            labels.count == rows * parts && weights.count == rows,
            "\(labels.count) labels, \(weights.count) weights for \(shape)")
        let total = weights.reduce(0, +), scale = total > 0 ? 1 / total : 0

        // Forward, and the gradient with it: both need the same exponentials
        let slopes = Tensor<Scalar>(uninitialized: shape)
        let losses = Tensor<Double>(uninitialized: [rows])
        labels.withUnsafeBufferPointer { labels in
            weights.withUnsafeBufferPointer { weights in
                parallel(rows, grain: 256) { range in
                    for row in range {
                        var begin = row * columns, loss = 0.0
                        let weight = weights[row] * scale
                        for part in 0..<parts {
                            let count = classes[part], label = Int(labels[row * parts + part])
                            precondition(label >= 0 && label < count, "label \(label) of \(count) classes")
                            let (logits, slope) = (x.pointer + begin, slopes.pointer + begin)
                            var most = Double(logits[0]), sum = 0.0
                            for c in 1..<max(count, 1) { most = max(most, Double(logits[c])) }
                            for c in 0..<count { sum += exp(Double(logits[c]) - most) }
                            for c in 0..<count { slope[c] = Scalar(weight * exp(Double(logits[c]) - most) / sum) }
                            slope[label] -= Scalar(weight)
                            loss += most + log(sum) - Double(logits[label])
                            begin += count
                        }
                        losses.pointer[row] = weight * loss
                    }
                }
            }
        }
        let value = losses.values.reduce(0, +)

        // Pullback
        let (tape, source) = (tape, reference)
        return tape.record(
            "SoftmaxCrossEntropy", inputs: [self], Tensor([1], [Scalar(value)]),
            pullback: { gradient in
                let seed = gradient.values[0]
                if seed != 1 { for index in 0..<slopes.count { slopes.pointer[index] *= seed } }
                tape.accumulate(slopes, into: source)
            },
            emission: nil)
    }
}
