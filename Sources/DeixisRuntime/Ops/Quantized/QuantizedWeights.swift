import CDeixisKernels
import DeixisGraph

/// The constants of a quantized convolution or product: weights int8, a scale per output channel, the bias in steps of
/// x scale w scale.
struct QuantizedWeights {
    var weight: Constant
    var scales: [Float]
    private(set) var bias: Constant?

    /// Inputs 1 weight, 2 scale [O] or [1], 3 bias int32 [O] or none. nil where they are not constants.
    init?(_ call: OperatorCall, channels: Int) throws(RuntimeError) {
        guard let weight = call.constants[1], let scale = call.constants[2] else { return nil }
        guard weight.type == .int8, let scales = scale.floats, scales.count == 1 || scales.count == channels else {
            throw call.invalid("weights are \(weight.type) with \(scale.count) scales for \(channels) channels")
        }
        guard QuantizedWeights.fits(depth: weight.count / max(channels, 1)) else {
            throw call.invalid("sums of \(weight.count / channels) products of bytes do not fit in int32")
        }
        self.weight = weight
        self.scales = scales
        guard call.has(3) else { return }
        guard let constant = call.constants[3] else { return nil }
        guard constant.type == .int32, constant.count == channels else {
            throw call.invalid("bias is \(constant.type)\(constant.shape), expected int32\([channels])")
        }
        bias = constant
    }

    /// Sums of 255 * 128, a bias of half of int32 with them, stay inside int32.
    static func fits(depth: Int) -> Bool { depth <= 1 << 15 }

    /// The sum of each channel's weights, kept with the packed weights. Weight (o, i) lies at o channelStride + i
    /// depthStride.
    func sums(
        channels: Int, depth: Int, channelStride: Int, depthStride: Int, readsSource: Bool = false,
        _ lowering: Lowering
    ) throws(RuntimeError) -> ByteStorage {
        let kind = PackingKind.columnSums(transposed: channelStride != 1)
        return try lowering.weights.packed(weight, as: kind, byteCount: channels * 4, readsSource: readsSource) {
            target in
            guard let to = target.bindMemory(to: Int32.self).baseAddress else { return }
            let w = weight.pointer?.assumingMemoryBound(to: Int8.self),
                tasks = min(lowering.threads, (channels + 63) / 64)
            lowering.workers.forEach(tasks) { task in
                let range = Lowering.range(task, of: tasks, channels)
                deixis_gemm_s8_sums(w, depthStride, channelStride, depth, range.lowerBound, range.upperBound, to)
            }
        }
    }
}

extension ByteStorage {
    /// The address of memory of our own.
    func pointer<T>(_: T.Type = T.self) -> UnsafePointer<T>? { bytes.baseAddress?.assumingMemoryBound(to: T.self) }
}
