import CDeixisTensor

/// Records the operators of one forward pass as they run.
///
/// Training reads the tape backwards (`backward`), export reads the same tape forwards (`graph`). Each operator hands
/// over two closures beside its result: the pullback, which turns the gradient of the result into gradients of its
/// inputs and parameters, and the emission, which writes the operator's ONNX nodes. A pullback captures only what it
/// needs; it is dropped as soon as it has run, and its buffers with it.
public final class Tape<Scalar: Real> {
    public enum Mode: Equatable, Sendable {
        /// Pullbacks are kept; dropout draws from `seed`; batch norm uses batch statistics.
        case training(seed: UInt64)
        /// Nothing is kept.
        case inference
        /// Emissions are kept, for `graph` and `summary`; numerics as in inference.
        case tracing
    }

    /// Adds to the gradients of an operator's inputs; may overwrite the gradient it is given if it is the sole owner.
    public typealias Pullback = (_ gradient: inout Tensor<Scalar>) -> Void
    /// Writes nodes and returns the value that stands for the operator's result.
    public typealias Emission = (_ emitter: Emitter<Scalar>, _ inputs: [EmittedValue]) -> EmittedValue

    struct Node {
        let op: String
        let scope: String
        let inputs: [Int]
        let shape: [Int]
        let needsGradient: Bool
        var pullback: Pullback?
        let emission: Emission?
        /// Elements of the parameters and multiply-adds, for the summary.
        let parameterCount: Int
        let macs: Int
    }

    public let mode: Mode
    /// Where this pass's samples begin in the global batch: what is random of a sample depends on its number there
    /// alone.
    public let firstSample: Int
    /// `FeatureMap.recomputed` keeps inputs alone.
    public let recomputes: Bool
    /// Rounds results as they are made; nil: they stay as they are.
    public let quantization: FakeQuantization?
    /// Operators so far, dropout not counted; only kept for `quantization`.
    var operatorCount = 0
    var nodes: [Node] = []
    private var gradients: [Tensor<Scalar>?] = []
    private var scopeNames: [String] = []
    private var randomDraws: UInt64 = 0
    private var commits: [(_ share: Double) -> Void] = []
    /// The node that reads a parameter first, in the order of nodes: its gradient is complete once the backward pass
    /// has come back to it.
    private var firstReaders: [(node: Int, parameter: Parameter<Scalar>)] = []
    private var isRead: Set<ObjectIdentifier> = []

    public init(
        _ mode: Mode, firstSample: Int = 0, recomputes: Bool = false, quantization: FakeQuantization? = nil
    ) {
        (self.mode, self.firstSample, self.recomputes) = (mode, firstSample, recomputes)
        self.quantization = quantization
    }

    public var isTraining: Bool { if case .training = mode { true } else { false } }
    var isTracing: Bool { mode == .tracing }

    /// Names the operators that `body` records, for node names and summaries; the innermost name counts.
    public func scope<R>(_ name: String, _ body: () -> R) -> R {
        guard isTracing else { return body() }
        scopeNames.append(name)
        defer { scopeNames.removeLast() }
        return body()
    }

    /// A leaf: data, or a tensor whose gradient the caller wants to read after `backward`.
    public func variable(_ tensor: Tensor<Scalar>, needsGradient: Bool = false) -> Variable<Scalar> {
        record("leaf", inputs: [], tensor, leafNeedsGradient: needsGradient, pullback: nil, emission: nil)
    }

    /// Appends an operator.
    ///
    /// - Parameters:
    ///   - parameters: those it reads; they make the result need a gradient if they are trainable.
    ///   - pullback: not called, and not kept, when nothing below needs a gradient.
    public func record(
        _ op: String, inputs: [Variable<Scalar>], parameters: [Parameter<Scalar>] = [], _ result: Tensor<Scalar>,
        leafNeedsGradient: Bool = false, macs: Int = 0, pullback: Pullback?, emission: Emission?
    ) -> Variable<Scalar> {
        let (result, pullback) = fakeQuantized(op, result, pullback)
        guard mode != .inference else { return Variable(tensor: result, tape: self, node: -1) }
        let needs =
            isTraining
            && (leafNeedsGradient || inputs.contains { needsGradient($0) } || parameters.contains { $0.isTrainable })
        nodes.append(
            Node(
                op: op, scope: isTracing ? scopeNames.last ?? "" : "", inputs: inputs.map(\.node), shape: result.shape,
                needsGradient: needs, pullback: needs ? pullback : nil, emission: isTracing ? emission : nil,
                parameterCount: isTracing ? parameters.reduce(0) { $0 + $1.count } : 0, macs: macs))
        if isTraining {
            for parameter in parameters where parameter.isTrainable {
                guard isRead.insert(ObjectIdentifier(parameter)).inserted else { continue }
                firstReaders.append((nodes.count - 1, parameter))
            }
        }
        return Variable(tensor: result, tape: self, node: nodes.count - 1)
    }

    public func needsGradient(_ variable: Variable<Scalar>) -> Bool {
        variable.node >= 0 && nodes[variable.node].needsGradient
    }

    /// A seed for one random operator of this pass; nil outside training.
    func nextSeed() -> UInt64? {
        guard case .training(let seed) = mode else { return nil }
        randomDraws += 1
        return seed &+ randomDraws &* 0x9E37_79B9_7F4A_7C15
    }

    // MARK: - What outlives the pass

    /// Keeps `change` for `commit`: of running statistics, which no gradient moves.
    func onCommit(_ change: @escaping (_ share: Double) -> Void) { if isTraining { commits.append(change) } }

    /// Forgets all that was recorded, and its memory with it: of a pass whose `backward` will not run. Until then
    /// pullbacks keep their tape, and it them.
    public func discard() {
        nodes = []
        commits = []
        firstReaders = []
    }

    /// Takes over what another tape keeps for `commit`.
    func adoptCommits(of other: Tape) { commits += other.commits }

    /// Adds the changes of running statistics that this pass found, times its `share` of the global batch, to what
    /// `ParameterStore.moveStatistics` takes once the step is taken: a batch whose loss is no number leaves no trace.
    public func commit(share: Double = 1) {
        for change in commits { change(share) }
        commits = []
    }

    // MARK: - Backward

    /// Computes the gradients of `result` (times `seed`, ones by default) with respect to every parameter and leaf it
    /// came from. The tape is spent afterwards.
    ///
    /// - Parameter completed: hears of each trainable parameter when this pass has nothing more to add to its gradient.
    public func backward(
        _ result: Variable<Scalar>, seed: Tensor<Scalar>? = nil,
        completed: ((_ parameter: Parameter<Scalar>) -> Void)? = nil
    ) {
        precondition(isTraining && result.node >= 0, "backward needs a tape in mode .training")
        gradients = Array(repeating: nil, count: nodes.count)
        gradients[result.node] = seed ?? Tensor(repeating: 1, result.shape)
        for index in stride(from: result.node, through: 0, by: -1) {
            if let pullback = nodes[index].pullback {
                nodes[index].pullback = nil
                if var gradient = gradients[index] {
                    gradients[index] = nil
                    pullback(&gradient)
                }
            }
            while let last = firstReaders.last, last.node >= index {
                completed?(last.parameter)
                firstReaders.removeLast()
            }
        }
    }

    /// After `backward`: the gradient of a leaf.
    public func gradient(of leaf: Variable<Scalar>) -> Tensor<Scalar>? { leaf.node >= 0 ? gradients[leaf.node] : nil }

    /// Adds `addend` to the gradient of `variable`.
    public func accumulate(_ addend: Tensor<Scalar>, into variable: Variable<Scalar>.Reference) {
        guard nodes[variable.node].needsGradient else { return }
        guard gradients[variable.node] != nil else {
            gradients[variable.node] = addend.reshaped(nodes[variable.node].shape)
            return
        }
        accumulate(into: variable) { target, beta in
            let source = addend.pointer
            parallel(addend.count, grain: 1 << 15) {
                Scalar.kernels.pointee.axpy(target + $0.lowerBound, source + $0.lowerBound, 1, $0.count)
            }
        }
    }

    /// Hands out the memory of a gradient to write into (`beta` 0, contents undefined) or to add to (`beta` 1).
    func accumulate(
        into variable: Variable<Scalar>.Reference,
        _ body: (_ target: UnsafeMutablePointer<Scalar>, _ beta: Double) -> Void
    ) {
        let index = variable.node
        guard nodes[index].needsGradient else { return }
        guard var target = gradients[index] else {
            let target = Tensor<Scalar>(uninitialized: nodes[index].shape)
            body(target.pointer, 0)
            gradients[index] = target
            return
        }
        gradients[index] = nil
        if !target.isUnique() { target = target.copy() }
        body(target.pointer, 1)
        gradients[index] = target
    }
}
