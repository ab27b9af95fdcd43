import CDeixisKernels
import DeixisGraph

/// How a tensor is stored as uint8: real = scale (stored - zero).
///
/// On nodes of domain `deixis` as two attributes, `<name>_scale` and `<name>_zero`; without them the tensor is float32.
struct StoredScale: Equatable {
    var scale: Float
    var zero: Int32

    /// The attributes that say so.
    func attributes(_ names: Names) -> [(name: Name, value: Attribute)] {
        [(names.scale, .float(scale)), (names.zero, .int(Int64(zero)))]
    }

    /// What kernels call a tensor stored so, or float32.
    static func type(_ stored: StoredScale?) -> Int32 { Int32(stored == nil ? DEIXIS_S8_F32 : DEIXIS_S8_U8) }

    /// The pair of attribute names of one tensor.
    struct Names: Sendable {
        var scale: Name
        var zero: Name

        static let x = Names(scale: "x_scale", zero: "x_zero")
        static let y = Names(scale: "y_scale", zero: "y_zero")
        static let residual = Names(scale: "residual_scale", zero: "residual_zero")
        static let q = Names(scale: "q_scale", zero: "q_zero")
        static let k = Names(scale: "k_scale", zero: "k_zero")
        static let v = Names(scale: "v_scale", zero: "v_zero")
        static let p = Names(scale: "p_scale", zero: "p_zero")
        /// Scores of attention after the product, after its factor, after the bias.
        static let product = Names(scale: "product_scale", zero: "product_zero")
        static let scaled = Names(scale: "scaled_scale", zero: "scaled_zero")
        static let biased = Names(scale: "biased_scale", zero: "biased_zero")
    }
}

extension OperatorCall {
    /// What the attributes say of one tensor; nil where it is float32.
    func stored(_ names: StoredScale.Names) throws(RuntimeError) -> StoredScale? {
        guard attribute(names.scale) != nil else { return nil }
        let scale = try float(names.scale, default: 1), zero = try int(names.zero, default: 0)
        guard scale > 0, scale.isFinite, (0...255).contains(zero) else { throw invalid("scale \(names.scale) or its zero point is out of range") }
        return StoredScale(scale: scale, zero: Int32(zero))
    }

    /// Input `index` must be stored where `scale` says so, else float32.
    func require(_ index: Int, stored scale: StoredScale?) throws(RuntimeError) {
        let found = try input(index).element, wanted: ElementType = scale == nil ? .float32 : .uint8
        guard found == wanted else { throw invalid("input \(index) is \(found), expected \(wanted)") }
    }
}

extension Node {
    func stored(_ names: StoredScale.Names) -> StoredScale? {
        guard let found = attribute(names.scale) else { return nil }
        var stored = StoredScale(scale: 1, zero: 0)
        if case .float(let scale) = found { stored.scale = scale }
        if case .int(let zero)? = attribute(names.zero) { stored.zero = Int32(truncatingIfNeeded: zero) }
        return stored
    }
}

/// `deixis_requantize`'s numbers that do not depend on the channel: the output's scale is folded into all of them.
struct Requantization {
    var output: StoredScale?
    var residual: StoredScale?
    var hasResidual: Bool
    /// Real bounds of the activation.
    var low: Float, high: Float

    init(_ call: OperatorCall, residual index: Int) throws(RuntimeError) {
        output = try call.stored(.y)
        residual = try call.stored(.residual)
        hasResidual = call.has(index)
        if hasResidual { try call.require(index, stored: residual) }
        let activation = try Activation(call)
        switch activation.function {
        case 0: (low, high) = (-.infinity, .infinity)
        case 1: (low, high) = (0, .infinity)
        case 2: (low, high) = (activation.alpha, activation.beta)
        default: throw call.invalid("activation \(activation.function) has no quantized form")
        }
    }

    var element: ElementType { output == nil ? .float32 : .uint8 }

    /// One per real unit of the output: 1 / scale.
    var inverse: Float { output.map { 1 / $0.scale } ?? 1 }

    func arguments(offset: UnsafePointer<Int32>?, multiplier: UnsafePointer<Float>?) -> deixis_requantize {
        // A float residual is in real units; the kernel then divides at the end instead.
        let folds = !(hasResidual && residual == nil)
        let unit = folds ? inverse : 1
        return deixis_requantize(
            offset: offset, multiplier: multiplier, residual_type: hasResidual ? StoredScale.type(residual) : Int32(DEIXIS_S8_NONE), residual_zero: residual?.zero ?? 0,
            residual_scale: (residual?.scale ?? 1) * unit, low: low * unit, high: high * unit,
            output_type: StoredScale.type(output), inverse_scale: folds ? 1 : inverse,
            zero: output?.zero ?? 0)
    }

    /// multiplier[n] = x scale, weight scale[n] (one for all where it has one element), per unit of the output.
    func multipliers(_ x: StoredScale, _ scales: [Float], count: Int) throws(RuntimeError) -> ByteStorage {
        let unit = hasResidual && residual == nil ? 1 : inverse
        let memory = try MutableBytes(byteCount: count * 4), to = memory.pointer.assumingMemoryBound(to: Float.self)
        for n in 0..<count { to[n] = x.scale * scales[scales.count == 1 ? 0 : n] * unit }
        return memory.storage()
    }
}

/// A kernel's C reference as an operator's specification.
enum ReferenceKernel {
    /// What `lower` gives on the reference variants, its tasks in order.
    static func compute(
        _ call: OperatorCall, _ lower: @Sendable (OperatorCall, Lowering) throws(RuntimeError) -> Kernel?
    ) throws(RuntimeError) -> Compute {
        let lowering = Lowering(isa: 0, workers: Workers(threads: 1), weights: PackedWeights())
        guard let kernel = try lower(call, lowering) else { throw call.invalid("its weights are not known when it is planned") }
        let scratch = try call.memory(byteCount: kernel.scratchBytes)
        return { buffers in
            let own = buffers.using(scratch: scratch.pointer)
            for phase in kernel.phases { for task in 0..<phase.tasks { phase.run(own, task, 0) } }
        }
    }
}
