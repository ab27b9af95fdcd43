/// What the learning rates are multiplied by as training goes on.
public struct Schedule: Sendable, Equatable {
    public enum Shape: Sendable, Equatable {
        /// Multiplied by `factor` at each of `epochs`.
        case milestones(epochs: [Int], factor: Double)
        /// Half a cosine from 1 down to `final`.
        case cosine(final: Double)
    }

    public var shape: Shape
    /// The rate rises linearly over this many steps.
    public var warmUpSteps: Int

    public init(_ shape: Shape, warmUpSteps: Int = 0) {
        self.shape = shape
        self.warmUpSteps = warmUpSteps
    }

    /// - Parameters:
    ///   - step: steps already taken.
    ///   - totalSteps: of the whole run.
    ///   - epoch: epochs already finished.
    public func factor(step: Int, totalSteps: Int, epoch: Int) -> Double {
        let rise = warmUpSteps > 0 ? min(1, Double(step + 1) / Double(warmUpSteps)) : 1
        switch shape {
        case .milestones(let epochs, let factor):
            return epochs.reduce(rise) { epoch >= $1 ? $0 * factor : $0 }
        case .cosine(let final):
            let progress = min(1, max(0, Double(step - warmUpSteps) / Double(max(1, totalSteps - warmUpSteps))))
            return rise * (final + (1 - final) * 0.5 * (1 + cosine(Double.pi * progress)))
        }
    }
}
