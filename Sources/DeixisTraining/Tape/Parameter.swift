import CDeixisTensor

/// A named tensor of the model: a weight the optimizer changes, or a buffer (running statistics) it does not.
///
/// The name is the checkpoint's key and the ONNX initializer's name.
public final class Parameter<Scalar: Real> {
    public let name: String
    public let value: Tensor<Scalar>
    /// False for buffers and frozen weights: no gradient is computed, no optimizer touches them.
    public internal(set) var isTrainable: Bool
    /// Changed by its own layer alone: running statistics.
    public let isBuffer: Bool
    /// Weight decay applies: matrices, convolutions, embeddings; not biases and norms.
    public let decays: Bool
    /// Memory kept between steps; meaningful while `hasGradient`.
    var gradientStorage: Tensor<Scalar>?
    public internal(set) var hasGradient = false

    init(name: String, value: Tensor<Scalar>, isTrainable: Bool, isBuffer: Bool, decays: Bool) {
        self.name = name
        self.isBuffer = isBuffer
        self.value = value
        self.isTrainable = isTrainable
        self.decays = decays
    }

    public var shape: [Int] { value.shape }
    public var count: Int { value.count }
    /// The gradient of the last backward pass, nil if none reached this parameter.
    public var gradient: Tensor<Scalar>? { hasGradient ? gradientStorage : nil }

    /// Hands out the gradient's memory to write into (`beta` 0, contents undefined) or to add to (`beta` 1).
    public func accumulateGradient(_ body: (_ target: UnsafeMutablePointer<Scalar>, _ beta: Double) -> Void) {
        let target: Tensor<Scalar>
        if let kept = gradientStorage {
            target = kept
        } else {
            target = Tensor(uninitialized: shape)
            gradientStorage = target
        }
        body(target.pointer, hasGradient ? 1 : 0)
        hasGradient = true
    }

    func accumulateGradient(_ addend: UnsafeMutablePointer<Scalar>) {
        let count = self.count
        accumulateGradient { target, beta in
            if beta == 0 {
                target.update(from: addend, count: count)
            } else {
                Scalar.kernels.pointee.axpy(target, addend, 1, count)
            }
        }
    }
}

/// All parameters of a model in the order of their making.
public final class ParameterStore<Scalar: Real> {
    public private(set) var all: [Parameter<Scalar>] = []
    /// Every initial value is drawn from a stream of this seed and the parameter's name: the order of making does not
    /// matter.
    public let seed: UInt64
    private var index: [String: Int] = [:]

    public init(seed: UInt64) { self.seed = seed }

    public subscript(name: String) -> Parameter<Scalar>? { index[name].map { all[$0] } }
    public var trainable: [Parameter<Scalar>] { all.filter(\.isTrainable) }
    public var root: Scope<Scalar> { Scope(store: self, prefix: "") }

    /// Forgets the gradients of the last step; their memory is kept.
    public func clearGradients() { for parameter in all { parameter.hasGradient = false } }

    /// Moves the running statistics by what the passes of a step committed. A buffer's "gradient" is that change:
    /// sums of gradients over passes and ranks hold it like any other.
    public func moveStatistics() {
        for parameter in all where parameter.isBuffer {
            guard let change = parameter.gradient else { continue }
            Scalar.kernels.pointee.axpy(parameter.value.pointer, change.pointer, 1, parameter.count)
        }
    }

    func add(_ parameter: Parameter<Scalar>) {
        precondition(index[parameter.name] == nil, "two parameters named \(parameter.name)")
        index[parameter.name] = all.count
        all.append(parameter)
    }
}

/// How a parameter starts.
public enum Initializer: Sendable, Equatable {
    case zeros, ones, constant(Double)
    case normal(deviation: Double)
    /// Uniform in +-bound.
    case uniform(bound: Double)
    /// Uniform with bound sqrt(6 / (fan_in + fan_out)) for [out, in] (Glorot and Bengio 2010).
    case xavier
    /// Xavier's values times a gain below 1: residual branches that start as almost nothing.
    case scaledXavier(gain: Double)
    /// Normal with deviation sqrt(2 / fan_out), fan_out = out * kernel area, for OIHW (He et al. 2015).
    case heFanOut
    /// [side * side, copies * 4 q]: for each cell center (x, y) of a square grid, q channels each of sin(f x), cos(f
    /// x), sin(f y), cos(f y), times the amplitude; f_j = pi/2 side^(-j / (q - 1)), so wavelengths from 4 cells to 4
    /// sides; the same for every copy. Channels beyond a multiple of 4 are 0.
    case sineGrid(side: Int, copies: Int, amplitude: Double)
    /// These values.
    case values([Double])
}

/// A place in the tree of dotted names, where layers make their parameters.
public struct Scope<Scalar: Real> {
    let store: ParameterStore<Scalar>
    /// Empty at the root.
    public let prefix: String

    public func callAsFunction(_ name: String) -> Scope { Scope(store: store, prefix: path(name)) }
    public func callAsFunction(_ index: Int) -> Scope { self(String(index)) }

    /// A weight the optimizer changes.
    public func parameter(
        _ name: String, _ shape: [Int], _ initializer: Initializer, trainable: Bool = true
    ) -> Parameter<Scalar> {
        make(name, shape, initializer, trainable: trainable, decays: shape.count > 1)
    }

    /// Saved and exported with the model, changed by its own layer alone.
    public func buffer(_ name: String, _ shape: [Int], _ initializer: Initializer) -> Parameter<Scalar> {
        make(name, shape, initializer, trainable: false, isBuffer: true, decays: false)
    }

    private func path(_ name: String) -> String { prefix.isEmpty ? name : "\(prefix).\(name)" }

    private func make(
        _ name: String, _ shape: [Int], _ initializer: Initializer, trainable: Bool, isBuffer: Bool = false,
        decays: Bool
    ) -> Parameter<Scalar> {
        let name = path(name)
        let value = Tensor<Scalar>(uninitialized: shape)
        initializer.fill(value, seed: store.seed ^ stableHash(name))
        let parameter = Parameter(name: name, value: value, isTrainable: trainable, isBuffer: isBuffer, decays: decays)
        store.add(parameter)
        return parameter
    }
}

/// FNV-1a over the UTF-8 bytes: the same in every run, unlike `Hashable`.
func stableHash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
