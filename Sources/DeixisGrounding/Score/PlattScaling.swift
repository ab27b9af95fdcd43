internal import Foundation

extension ScoreFit {
    static func sigmoid(_ z: Double) -> Double { z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z)) }

    /// Mean of -(t log p + (1 - t) log(1 - p)) = log(1 + e^z) - t z.
    static func crossEntropy(_ logits: [Double], _ targets: [Double]) -> Double {
        let sum = zip(logits, targets).reduce(0.0) { sum, pair in
            sum + max(pair.0, 0) + log1p(exp(-abs(pair.0))) - pair.1 * pair.0
        }
        return sum / Double(max(logits.count, 1))
    }

    /// Scale and shift of the logits that make the cross-entropy least: Newton's method in two unknowns, halved steps
    /// where a whole one does not help. A scale that is not positive would turn the order around: then the logits stay.
    static func platt(_ logits: [Double], _ targets: [Double]) -> (scale: Double, shift: Double) {
        var scale = 1.0, shift = 0.0
        func loss(_ scale: Double, _ shift: Double) -> Double {
            crossEntropy(logits.map { $0 * scale + shift }, targets)
        }
        for _ in 0..<50 {
            // The last term keeps the matrix invertible where all logits are alike.
            var (a, b, aa, ab, bb) = (0.0, 0.0, 1e-9, 0.0, 1e-9)
            for (z, t) in zip(logits, targets) {
                let p = sigmoid(z * scale + shift), w = p * (1 - p)
                a += (p - t) * z
                b += p - t
                aa += w * z * z
                ab += w * z
                bb += w
            }
            let determinant = aa * bb - ab * ab
            guard determinant > 0 else { break }
            let (da, db) = ((bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant)
            let before = loss(scale, shift)
            var length = 1.0
            while length > 1e-6, !(loss(scale - length * da, shift - length * db) < before) { length /= 2 }
            guard length > 1e-6 else { break }
            (scale, shift) = (scale - length * da, shift - length * db)
            if abs(length * da) + abs(length * db) < 1e-10 { break }
        }
        return scale > 0 && scale.isFinite && shift.isFinite ? (scale, shift) : (1, 0)
    }
}
