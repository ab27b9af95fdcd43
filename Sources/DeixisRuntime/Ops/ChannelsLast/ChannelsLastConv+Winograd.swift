import CDeixisKernels
import DeixisGraph

extension ChannelsLastConv {
    /// 3x3 with stride 1 in 16 products instead of 36, where the products outweigh the transforms; nil for anything
    /// else.
    static func winograd(
        _ call: OperatorCall, _ lowering: Lowering, _ g: Geometry, _ activation: Activation, _ weight: Constant
    ) throws(RuntimeError) -> Kernel? {
        let w = g.window
        guard w.kernel == [3, 3], w.strides == [1, 1], w.dilations == [1, 1], g.group == 1, min(g.inC, g.outC) >= 32,
            g.inC % 16 == 0, g.outC % 16 == 0
        else { return nil }
        var shape = g.shape
        guard let gemm = deixis_gemm_f32_select(lowering.isa, g.outC),
            let kernel = deixis_winograd_f32_select(lowering.isa),
            kernel.pointee.isa != 0
        else { return nil }
        let tiles = deixis_winograd_f32_tiles(&shape), block = tileBlock(g, tiles, lowering)
        guard tiles >= 24 else { return nil }
        let packed = try pack(
            weight, call.has(4) ? call.constants[4] : nil, as: .winogradF32(width: Int(gemm.pointee.nr)),
            byteCount: deixis_winograd_f32_packed_size(gemm, &shape) * 4, shape,
            deixis_gemm_f32_panels(gemm, shape.out_c), lowering
        ) { shape, w, range, target in
            deixis_winograd_f32_pack(gemm, &shape, w, range.lowerBound, range.upperBound, target)
        }
        let settled = shape, caches = lowering.caches
        let hasBias = call.has(2), hasResidual = call.has(3)
        var step = Kernel(
            "winograd_f32", macs: g.macs, scratchBytes: deixis_winograd_f32_scratch(&shape, block) * 4,
            inPlace: hasResidual ? [3] : [],
            tasks: (tiles + block - 1) / block
        ) { buffers, task, worker in
            var shape = settled
            var args = deixis_conv_f32_args(
                x: buffers.input(0), weights: packed.floats, bias: hasBias ? buffers.input(2) : nil,
                residual: hasResidual ? buffers.input(3) : nil, y: buffers.output(0), activation: activation.kernel,
                caches: caches,
                bytes: nil, normalize: nil, scale: nil, shift: nil)
            kernel.pointee.run(
                gemm, &shape, &args, task * block, min((task + 1) * block, tiles), buffers.scratch(worker))
        }
        step.unused = [1, 4]
        return step
    }

    /// Tiles a task takes: their transforms take three quarters of the L2 cache, but each block walks through all
    /// weights.
    private static func tileBlock(_ g: Geometry, _ tiles: Int, _ lowering: Lowering) -> Int {
        let fitting = lowering.caches.l2 / 4 * 3 / (16 * 4 * (g.inC + g.outC)), wanted = max(48, min(fitting, 192))
        let blocks = max((tiles + wanted - 1) / wanted, min(lowering.threads, tiles / 12))
        return (tiles + blocks - 1) / blocks
    }
}
