internal import DeixisInput
public import DeixisTraining
import Foundation

/// Fits a `ScoreHead` to a network that has learned: rows and IoUs of samples it has not seen, then binary
/// cross-entropy with the IoU as the target (its minimum over all functions of the row is the expected IoU).
///
/// Three samples in five teach the head. The fourth says when to stop, and then moves the logits by a scale and a shift
/// (Platt 1999), which become part of the last layer: what was learned by heart shows as scores too far apart, and is
/// undone. The fifth is only there to say how good the scores are. Neighbors stay together, for in data sets they often
/// are sentences about one box.
public struct ScoreFit {
    public var hidden = 64
    public var seed: UInt64 = 1
    public var epochs = 40
    var batchSize = 256
    var rate = 2e-3

    public init() {}

    /// What the network's row and box were for so many samples.
    public struct Rows {
        let width: Int
        /// [count, width]
        var values: [Float] = []
        var ious: [Double] = []
        public var count: Int { ious.count }
    }

    public struct Outcome: Sendable {
        /// On samples that had no part in the fit.
        public let calibration: ScoreCalibration
        /// Samples that taught the head, and that moved its logits.
        public let learned: Int, moved: Int
        /// The epoch that was kept, from 1.
        public let epoch: Int
    }

    /// Samples that stay together.
    private static let block = 16

    /// Fewest samples that a fit is taken from.
    public static let fewest = 200

    /// Runs the network over samples 0..<count of `maker`'s source; broken pictures that are left out are missing.
    public static func rows(
        of network: GroundingNetwork<Float>, _ maker: BatchMaker, count: Int, shouldStop: () -> Bool = { false },
        progress: (Int) -> Void = { _ in }
    ) throws(GroundingError) -> Rows? {
        var rows = Rows(width: network.configuration.fusionWidth)
        for at in stride(from: 0, to: count, by: 16) {
            if shouldStop() { return nil }
            let batch = try maker.plain(at..<min(count, at + 16))
            guard batch.count > 0 else { continue }
            let (row, box) = Backend.flushingSubnormals { () -> ([Float], [Float]) in
                let row = network.row(batch.images, batch.tokens, on: Tape<Float>(.inference))
                return (row.tensor.values, network.box(row).tensor.values)
            }
            rows.values += row
            for i in 0..<batch.count {
                let iou = GroundingScore.iou(box[i * 4..<i * 4 + 4], batch.boxes[i * 4..<i * 4 + 4])
                rows.ious.append(iou.isNaN ? 0 : min(1, max(0, iou)))
            }
            progress(min(count, at + 16))
        }
        return rows
    }

    /// Attaches the fitted head to `network`.
    /// - Throws: `badSetting` for too few samples, `unusable` for a network whose rows are not all numbers.
    public func attach(to network: GroundingNetwork<Float>, _ rows: Rows) throws(GroundingError) -> Outcome {
        guard rows.count >= Self.fewest else {
            throw .badSetting(name: "samples", value: "\(rows.count)", rule: "at least \(Self.fewest) for a score")
        }
        guard (1...4096).contains(hidden) else {
            throw .badSetting(name: "hidden", value: "\(hidden)", rule: "1 to 4096")
        }
        guard rows.values.allSatisfy(\.isFinite) else {
            throw .unusable(
                path: "the network", action: "fit a score to it",
                reason: "what its boxes are made from is not a number for some samples")
        }
        let store = ParameterStore<Float>(seed: seed)
        let head = ScoreHead(store.root("score"), width: rows.width, hidden: hidden, trainable: true)
        func part(_ parts: Range<Int>) -> [Int] { (0..<rows.count).filter { parts.contains($0 / Self.block % 5) } }
        let (taught, moving, judged) = (part(0..<3), part(3..<4), part(4..<5))
        let epoch = teach(head, store, rows, taught, moving)
        let (scale, shift) = Self.platt(logits(head, rows, moving), moving.map { rows.ious[$0] })
        let (weight, bias) = (head.layers[1].weight.value, head.layers[1].bias.value)
        Self.set(weight, to: weight.values.map { $0 * Float(scale) })
        Self.set(bias, to: bias.values.map { $0 * Float(scale) + Float(shift) })
        network.attachScore(hidden: hidden)
        for (to, from) in zip(network.score?.parameters ?? [], head.parameters) {
            Self.set(to.value, to: from.value.values)
        }
        let scores = logits(head, rows, judged).map(Self.sigmoid)
        return Outcome(
            calibration: ScoreCalibration(zip(scores, judged).map { (score: $0, iou: rows.ious[$1]) }),
            learned: taught.count, moved: moving.count, epoch: epoch)
    }

    /// Leaves the weights of the epoch that judged samples like best; returns its number.
    private func teach(
        _ head: ScoreHead<Float>, _ store: ParameterStore<Float>, _ rows: Rows, _ taught: [Int], _ judged: [Int]
    ) -> Int {
        var settings = AdamW<Float>.Settings()
        settings.weightDecay = 1e-2
        let optimizer = AdamW([.init(name: "score", learningRate: rate, store.trainable)], settings)
        var order = taught, best = (loss: Double.infinity, epoch: 0, weights: [[Float]]())
        var random = CounterRandom(seed: seed ^ 0x5343_4F52, stream: 0)
        let steps = epochs * ((taught.count + batchSize - 1) / batchSize)
        for epoch in 1...max(1, epochs) {
            random.shuffle(&order)
            for at in stride(from: 0, to: order.count, by: batchSize) {
                let part = Array(order[at..<min(order.count, at + batchSize)])
                store.clearGradients()
                let tape = Tape<Float>(.training(seed: 0))
                let logits = head.logits(tape.variable(Self.gather(rows, part)))
                // d/dz of -(t log p + (1 - t) log(1 - p)), p = sigmoid(z), is p - t.
                let values = logits.tensor.values
                let gradient = zip(values, part).map { z, index in
                    Float((Self.sigmoid(Double(z)) - rows.ious[index]) / Double(part.count))
                }
                tape.backward(logits, seed: Tensor([part.count, 1], gradient))
                optimizer.update(factor: 0.5 * (1 + cos(.pi * Double(optimizer.step) / Double(max(steps, 1)))) + 0.01)
            }
            let loss = Self.crossEntropy(self.logits(head, rows, judged), judged.map { rows.ious[$0] })
            if loss < best.loss { best = (loss, epoch, head.parameters.map { $0.value.values }) }
        }
        for (parameter, kept) in zip(head.parameters, best.weights) { Self.set(parameter.value, to: kept) }
        return best.epoch
    }

    private func logits(_ head: ScoreHead<Float>, _ rows: Rows, _ indices: [Int]) -> [Double] {
        head.logits(Tape<Float>(.inference).variable(Self.gather(rows, indices))).tensor.values.map { Double($0) }
    }

    private static func set(_ tensor: Tensor<Float>, to values: [Float]) {
        tensor.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] = values[i] } }
    }

    private static func gather(_ rows: Rows, _ indices: [Int]) -> Tensor<Float> {
        var values: [Float] = []
        values.reserveCapacity(indices.count * rows.width)
        for index in indices { values += rows.values[index * rows.width..<(index + 1) * rows.width] }
        return Tensor([indices.count, rows.width], values)
    }
}
