@testable import DeixisGrounding
import DeixisTraining
import Testing

/// A batch made of a counter, for tests.
func syntheticBatch(_ configuration: NetworkConfiguration, batch: Int, length: Int) -> (
    images: [UInt8], tokens: TokenBatch, truth: [Double]
) {
    var state: UInt64 = 7
    func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
    let side = configuration.imageSide
    let images = (0..<batch * side * side * 3).map { _ in UInt8(truncatingIfNeeded: next()) }
    let ids = (0..<batch * length).map { _ in Int32(1 + next() % UInt64(configuration.language.vocabulary - 1)) }
    let mask = (0..<batch * length).map { (index: Int) -> Int32 in index % length < length - index / length % 3 ? 1 : 0
    }
    let truth = (0..<batch).flatMap { (index: Int) -> [Double] in
        [0.3 + 0.1 * Double(index % 4), 0.5, 0.4, 0.3 + 0.05 * Double(index % 3)]
    }
    return (images, TokenBatch(batch: batch, length: length, ids: ids, mask: mask), truth)
}

@Suite struct NetworkGradientTests {
    /// The derivative of the whole loss along random directions of each parameter, against central differences.
    @Test(arguments: [false, true], [NetworkConfiguration.Interaction.Kind.alternate, .transformer])
    func wholeStep(frozen: Bool, kind: NetworkConfiguration.Interaction.Kind) throws {
        var configuration = NetworkConfiguration.tiny
        configuration.visual.frozenNorm = frozen
        configuration.groups.kind = kind
        configuration.fusion.kind = kind
        let network = try GroundingNetwork<Double>(configuration, seed: 11)
        let (images, tokens, truth) = syntheticBatch(configuration, batch: 3, length: 6)
        let loss = SelfPacedLoss(configuration.loss)
        func step() -> (Tape<Double>, LossValue<Double>) {
            let tape = Tape<Double>(.training(seed: 1))
            return (tape, loss(network(images, tokens, on: tape), truth: truth, sigma: network.sigma))
        }
        let (tape, value) = step()
        tape.backward(value.total)
        for parameter in network.parameters.trainable {
            let gradient = try #require(parameter.gradient, "no gradient for \(parameter.name)").values
            let original = parameter.value.values
            let direction = original.indices.map { Double(($0 * 7919 + 13) % 17) / 8 - 1 }
            func moved(_ amount: Double) -> Double {
                parameter.value.withUnsafeMutableBufferPointer { values in
                    for index in values.indices { values[index] = original[index] + amount * direction[index] }
                }
                return step().1.total.tensor.values[0]
            }
            let h = 1e-6
            let difference = (moved(h) - moved(-h)) / (2 * h)
            _ = moved(0)
            let expected = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(
                abs(difference - expected) <= 1e-6 * max(1, abs(expected)),
                "\(parameter.name): tape \(expected), differences \(difference)")
        }
    }
}
