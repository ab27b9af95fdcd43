import CDeixisKernels
import DeixisGraph

/// How a tensor is stored as uint8: real = scale (stored - zero).
///
/// On nodes of domain `deixis` as two attributes, `<name>_scale` and `<name>_zero`; without them the tensor is float32.
struct StoredScale: Equatable {
    var scale: Float
    var zero: Int32

    /// Neither 255 of it nor 1 / scale leave what float32 holds at full precision.
    static func isUsable(_ scale: Float) -> Bool { scale > 1e-30 && scale < 1e30 }

    /// What the byte `stored` stands for.
    func real(_ stored: Int32) -> Float { Float(stored - zero) * scale }

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
        /// A product that the file stores before something is added to it: cut to what its bytes hold, but not rounded.
        static let cut = Names(scale: "cut_scale", zero: "cut_zero")
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
        guard StoredScale.isUsable(scale), (0...255).contains(zero) else {
            throw invalid("scale \(names.scale) or its zero point is out of range")
        }
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
    /// What bytes could hold between the product and what is added to it.
    private let cut: StoredScale?
    /// The bias comes after the cut; else it is part of what is cut.
    private let cutsBeforeBias: Bool
    /// Real bounds of the activation.
    var low: Float, high: Float

    init(_ call: OperatorCall, residual index: Int) throws(RuntimeError) {
        output = try call.stored(.y)
        residual = try call.stored(.residual)
        hasResidual = call.has(index)
        cut = try call.stored(.cut)
        cutsBeforeBias = try call.int("cut_before_bias", default: 0) != 0
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

    /// A float residual is in real units; the kernel then divides at the end instead.
    private var folds: Bool { !(hasResidual && residual == nil) }

    /// `columns` as made by `columns(_:_:_:count:)`.
    func arguments(_ columns: ByteStorage) -> deixis_requantize {
        let unit = folds ? inverse : 1, numbers: UnsafePointer<Float>? = columns.pointer(),
            count = columns.bytes.count / 16
        return deixis_requantize(
            offset: columns.pointer(Int32.self).map { $0 + 3 * count }, multiplier: numbers,
            residual_type: hasResidual ? StoredScale.type(residual) : Int32(DEIXIS_S8_NONE),
            residual_zero: residual?.zero ?? 0,
            residual_scale: (residual?.scale ?? 1) * unit, low: low * unit, high: high * unit,
            output_type: StoredScale.type(output), inverse_scale: folds ? 1 : inverse,
            zero: output?.zero ?? 0, cut_low: cut == nil ? nil : numbers.map { $0 + count },
            cut_high: cut == nil ? nil : numbers.map { $0 + 2 * count })
    }

    /// multiplier[n] = x scale, weight scale[n] (one for all where it has one element), per unit of the output; then
    /// where column n is cut, from below and from above; then bias[n] - x zero sums[n], int32.
    func columns(_ x: StoredScale, _ weights: QuantizedWeights, _ sums: ByteStorage, count: Int) throws(RuntimeError)
        -> ByteStorage
    {
        let unit = folds ? inverse : 1, scales = weights.scales, bias = cutsBeforeBias ? weights.bias : nil
        let memory = try MutableBytes(byteCount: count * 16), to = memory.pointer.assumingMemoryBound(to: Float.self),
            offsets = (memory.pointer + count * 12).assumingMemoryBound(to: Int32.self)
        let least = (cut?.real(0) ?? 0) * unit, most = (cut?.real(255) ?? 0) * unit
        for n in 0..<count {
            to[n] = x.scale * scales[scales.count == 1 ? 0 : n] * unit
            let shift = Float(bias?.element(n, as: Int32.self) ?? 0) * to[n]
            (to[count + n], to[2 * count + n]) = (least + shift, most + shift)
            let sum = sums.bytes.loadUnaligned(fromByteOffset: n * 4, as: Int32.self)
            offsets[n] = (weights.bias?.element(n, as: Int32.self) ?? 0) &- x.zero &* sum
        }
        return memory.storage()
    }
}

/// A kernel's C reference as an operator's specification.
enum ReferenceKernel {
    /// What `lower` gives on the reference variants, its tasks in order.
    static func compute(
        _ call: OperatorCall, _ lower: @Sendable (OperatorCall, Lowering) throws(RuntimeError) -> Kernel?
    ) throws(RuntimeError) -> Compute {
        let lowering = Lowering(isa: 0, workers: Workers(), weights: PackedWeights())
        guard let kernel = try lower(call, lowering) else {
            throw call.invalid("its weights are not known when it is planned")
        }
        let scratch = try ReferenceScratch(call, byteCount: kernel.scratchBytes)
        return { buffers in
            scratch.use {
                let own = buffers.using(scratch: $0)
                for phase in kernel.phases { for task in 0..<phase.tasks { phase.run(own, task, 0) } }
            }
        }
    }
}
