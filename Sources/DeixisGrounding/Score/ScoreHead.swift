public import DeixisTraining

/// How far a box can be trusted, as a number in 0...1 beside it: the IoU with the truth that is to be expected.
///
///     score = sigmoid(w2 relu(W1 x + b1) + b2),   x: the [CLS] row that the box is made from, [batch, width]
///
/// It is fitted when the network has learned (`ScoreFit`), on samples the network has not seen, and changes nothing in
/// front of it: loss, weights and boxes are those of a network without.
public struct ScoreHead<Scalar: Real> {
    let layers: [Linear<Scalar>]

    init(_ scope: Scope<Scalar>, width: Int, hidden: Int, trainable: Bool) {
        layers = [
            Linear(scope(0), width, hidden, trainable: trainable), Linear(scope(1), hidden, 1, trainable: trainable),
        ]
    }

    var parameters: [Parameter<Scalar>] { layers.flatMap { [$0.weight, $0.bias] } }

    /// [batch, width] -> [batch, 1], before the sigmoid.
    func logits(_ x: Variable<Scalar>) -> Variable<Scalar> { layers[1](layers[0](x, activation: .relu)) }

    func callAsFunction(_ x: Variable<Scalar>) -> Variable<Scalar> { x.tape.scope("score") { logits(x).sigmoid() } }
}

/// What a checkpoint says about its score, under the metadata key `score`.
struct ScoreNote: Codable, Equatable {
    var hidden: Int
    /// What it was fitted on.
    var samples: Int
    var data: String
}
