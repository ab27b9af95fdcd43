import DeixisTraining

/// The multi-grained visual feature F_v^0: each chosen stage to C0 channels by a 1x1 convolution and to stride 16 (C3
/// by `visual.down`, C5 by `visual.up`), concatenated over channels, plus learned positions: [batch, HW, C1].
struct Neck<Scalar: Real> {
    let projection: [Convolution<Scalar>]
    /// Of C3, where `visual.down` is a convolution.
    let down: Convolution<Scalar>?
    let up: NetworkConfiguration.Visual.Up
    let position: Parameter<Scalar>?
    let stages: [Int]

    init(_ scope: Scope<Scalar>, _ configuration: NetworkConfiguration) {
        stages = configuration.visual.stages
        projection = stages.enumerated().map { index, stage in
            Convolution(
                scope("projection")(index), inputs: configuration.visual.channels(stage: stage),
                outputs: configuration.channels)
        }
        let channels = configuration.channels
        down =
            stages.contains(3) && configuration.visual.down == .convolution
            ? Convolution(scope("down"), inputs: channels, outputs: channels, kernel: 3, stride: 2) : nil
        up = configuration.visual.up
        let side = configuration.gridSide
        let start: Initializer? =
            switch configuration.visual.positions {
            case .normal: .normal(deviation: 0.02)
            case .sine: .sineGrid(side: side, copies: stages.count, amplitude: configuration.start.gridAmplitude)
            case .none: nil
            }
        position = start.map { scope.parameter("position", [side * side, configuration.visualWidth], $0) }
    }

    /// - Parameter features: [C3, C4, C5].
    func callAsFunction(_ features: [FeatureMap<Scalar>]) -> Variable<Scalar> {
        let maps = zip(stages, projection).map { stage, project in
            let x = project(features[stage - 3])
            return x.tape.scope("neck.stage\(stage)") {
                switch stage {
                case 3: down.map { $0(x) } ?? x.maxPool(kernel: 2, stride: 2)
                case 5: up == .bilinear ? x.doubledBilinear() : x.upsampled(by: 2)
                default: x
                }
            }
        }
        return maps[0].tape.scope("neck") {
            let tokens = FeatureMap.concatenated(maps).flattened()
            return position.map { tokens.adding(positions: $0) } ?? tokens
        }
    }
}
