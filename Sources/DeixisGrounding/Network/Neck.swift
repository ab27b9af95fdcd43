import DeixisTraining

/// The multi-grained visual feature F_v^0: each chosen stage to C0 channels by a 1x1 convolution and to stride 16 (C3
/// by 2x2 max-pooling, C5 by nearest upsampling), concatenated over channels, plus learned positions: [batch, HW, C1].
struct Neck<Scalar: Real> {
    let projection: [PointwiseConvolution<Scalar>]
    let position: Parameter<Scalar>?
    let stages: [Int]

    init(_ scope: Scope<Scalar>, _ configuration: NetworkConfiguration) {
        stages = configuration.visual.stages
        projection = stages.enumerated().map { index, stage in
            PointwiseConvolution(
                scope("projection")(index), inputs: configuration.visual.channels(stage: stage),
                outputs: configuration.channels)
        }
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
                case 3: x.maxPool(kernel: 2, stride: 2)
                case 5: x.upsampled(by: 2)
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
