// Over 150 lines: one product in three readings (forward, by weight, by input) with the blocks that keep patches in
// cache.
import CDeixisTensor

/// The shapes of one convolution and its three products. Patches [rows, kernel * kernel * in] exist only in blocks.
struct ConvolutionProduct<Scalar: Real> {
    let outputShape: [Int]
    let inputs, outputs, kernel, stride, padding, batch: Int
    /// kernel * kernel * in
    let patch: Int
    private let inputShape: [Int]
    private var window: dxt_window
    private var rows: Int { outputShape[0] * outputShape[1] * outputShape[2] }
    /// The input itself is the patch matrix.
    private var isDirect: Bool { kernel == 1 && stride == 1 && padding == 0 }
    /// Where it needs fewer multiplications.
    private let winograd: WinogradProduct<Scalar>?
    var usesWinograd: Bool { winograd != nil }

    /// - Parameter allowsWinograd: false for the plain sum, which tests compare with.
    init(input: [Int], weight: [Int], stride: Int, padding: Int, allowsWinograd: Bool = true) {
        precondition(
            input[3] == weight[1] && weight[2] == weight[3], "convolution \(weight) applied to \(input) (NHWC)")
        (outputs, inputs, kernel) = (weight[0], weight[1], weight[2])
        (self.stride, self.padding, inputShape, batch) = (stride, padding, input, input[0])
        patch = kernel * kernel * inputs
        let height = (input[1] + 2 * padding - kernel) / stride + 1,
            width = (input[2] + 2 * padding - kernel) / stride + 1
        outputShape = [input[0], height, width, outputs]
        window = dxt_window(
            height: input[1], width: input[2], channels: inputs, out_height: height, out_width: width, kernel_h: kernel,
            kernel_w: kernel, stride: stride, pad: padding)
        // Of few channels, adding up takes longer than the multiplications that it saves.
        let pays = kernel == 3 && stride == 1 && padding <= 2 && min(inputs, outputs) >= 16
        winograd = allowsWinograd && pays ? WinogradProduct(window, batch: batch, outputs: outputs) : nil
    }

    /// Patches of one block take about 512 KB, but are not so few that copying the weights, once a block, shows.
    private func blockRows(_ patch: Int) -> Int { max(96, min(1024, 131_072 / patch)) }

    /// [out, kernel * kernel * in], times scale[out].
    private func reordered(_ weight: Parameter<Scalar>, scale: Tensor<Scalar>?) -> Tensor<Scalar> {
        if kernel == 1 && scale == nil { return weight.value.reshaped([outputs, inputs]) }
        let result = Tensor<Scalar>(uninitialized: [outputs, patch])
        let (area, size) = (kernel * kernel, inputs * kernel * kernel)
        parallel(outputs, grain: max(1, 16384 / size)) { range in
            let offset = range.lowerBound * size
            Scalar.kernels.pointee.reorder_weight(
                result.pointer + offset, weight.value.pointer + offset, scale.map { $0.pointer + range.lowerBound },
                range.count, inputs,
                area, false)
        }
        return result
    }

    /// y = act(conv(x, scale W) + shift + residual)
    func forward(
        _ x: Tensor<Scalar>, _ parameter: Parameter<Scalar>, scale: Tensor<Scalar>?, shift: Tensor<Scalar>?,
        residual: Tensor<Scalar>?, relu: Bool, into y: Tensor<Scalar>
    ) {
        let finish = { (rows: Range<Int>) in
            guard shift != nil || residual != nil || relu else { return }
            let offset = rows.lowerBound * outputs
            Scalar.kernels.pointee.bias_act(
                y.pointer + offset, shift?.pointer, residual.map { $0.pointer + offset }, relu ? 1 : 0, rows.count,
                outputs)
        }
        if let winograd {
            winograd.apply(
                x.pointer, winograd.transformed(parameter, scale: scale), beta: 0, into: y.pointer, finish)
            return
        }
        let weight = reordered(parameter, scale: scale)
        let block = blockRows(patch), rows = self.rows
        let perChunk = max(1, min(block, (rows + Backend.threadCount - 1) / Backend.threadCount))
        withUnsafePointer(to: window) { window in
            parallelChunks((rows + perChunk - 1) / perChunk) { chunk in
                let begin = chunk * perChunk, count = min(rows, begin + perChunk) - begin
                let target = y.pointer + begin * outputs
                let patches = isDirect ? nil : Tensor<Scalar>(uninitialized: [count, patch])
                defer { withExtendedLifetime(patches) {} }
                if let patches {
                    Scalar.kernels.pointee.im2col(patches.pointer, x.pointer, window, begin, begin + count)
                }
                let source = patches?.pointer ?? x.pointer + begin * inputs
                dxt_gemm(
                    Scalar.isDouble, false, true, count, outputs, patch, 1, source, patch, weight.pointer, patch, 0,
                    target, outputs)
                finish(begin..<begin + count)
            }
        }
    }

    func accumulateWeightGradient(
        _ g: Tensor<Scalar>, _ x: Tensor<Scalar>, scale: Tensor<Scalar>?, into weight: Parameter<Scalar>
    ) {
        if let winograd { return winograd.accumulateWeightGradient(g, x, scale: scale, into: weight) }
        let rows = self.rows
        if isDirect && scale == nil {
            weight.accumulateGradient { target, beta in
                multiply(
                    g.pointer, transposedA: true, x.pointer, m: outputs, n: inputs, k: rows, beta: beta, into: target)
            }
            return
        }
        // One partial sum per thread, added in order.
        let parts = max(1, min(Backend.threadCount, rows / 64)), step = (rows + parts - 1) / parts
        let partial = Tensor<Scalar>(uninitialized: [parts, outputs, patch])
        let block = blockRows(patch)
        withUnsafePointer(to: window) { window in
            parallelChunks(parts) { part in
                let sums = partial.pointer + part * outputs * patch
                let end = min(rows, (part + 1) * step)
                let patches = isDirect ? nil : Tensor<Scalar>(uninitialized: [block, patch])
                defer { withExtendedLifetime(patches) {} }
                var begin = part * step, beta = 0.0
                if begin >= end { Scalar.kernels.pointee.fill(sums, 0, outputs * patch) }
                while begin < end {
                    let count = min(isDirect ? end - begin : block, end - begin)
                    if let patches {
                        Scalar.kernels.pointee.im2col(patches.pointer, x.pointer, window, begin, begin + count)
                    }
                    let source = patches?.pointer ?? x.pointer + begin * inputs
                    dxt_gemm(
                        Scalar.isDouble, true, false, outputs, patch, count, 1, g.pointer + begin * outputs, outputs,
                        source, patch,
                        beta, sums, patch)
                    beta = 1
                    begin += count
                }
            }
        }
        let size = outputs * patch, row = patch
        weight.accumulateGradient { target, beta in
            parallel(outputs, grain: max(1, 16384 / row)) { range in
                let offset = range.lowerBound * row
                for part in 1..<max(parts, 1) {
                    Scalar.kernels.pointee.axpy(
                        partial.pointer + offset, partial.pointer + part * size + offset, 1, range.count * row)
                }
                Scalar.kernels.pointee.reorder_gradient(
                    target + offset, partial.pointer + offset, scale.map { $0.pointer + range.lowerBound }, range.count,
                    inputs,
                    kernel * kernel, beta)
            }
        }
    }

    func accumulateInputGradient(
        _ g: Tensor<Scalar>, _ weight: Parameter<Scalar>, scale: Tensor<Scalar>?, beta: Double,
        into target: UnsafeMutablePointer<Scalar>
    ) {
        if let winograd {
            // At stride 1 a convolution of g with the weights turned by half a circle and their channels exchanged.
            let turned = WinogradProduct<Scalar>(gradientWindow, batch: batch, outputs: inputs)
            turned.apply(
                g.pointer, winograd.transformed(weight, scale: scale, turned: true), beta: beta, into: target)
        } else if isDirect {
            let w = reordered(weight, scale: scale)
            multiply(g.pointer, w.pointer, m: rows, n: inputs, k: outputs, beta: beta, into: target)
        } else if stride == 1 {
            correlateGradient(g, weight, scale: scale, beta: beta, into: target)
        } else {
            scatterGradient(g, reordered(weight, scale: scale), beta: beta, into: target)
        }
    }

    /// At stride 1: of the convolution of g that is the input's gradient.
    private var gradientWindow: dxt_window {
        dxt_window(
            height: outputShape[1], width: outputShape[2], channels: outputs, out_height: inputShape[1],
            out_width: inputShape[2], kernel_h: kernel, kernel_w: kernel, stride: 1, pad: kernel - 1 - padding)
    }

    /// Stride 1: the input's gradient is a convolution of g with the weights reversed and their channels exchanged.
    private func correlateGradient(
        _ g: Tensor<Scalar>, _ weight: Parameter<Scalar>, scale: Tensor<Scalar>?, beta: Double,
        into target: UnsafeMutablePointer<Scalar>
    ) {
        let area = kernel * kernel, depth = area * outputs
        let flipped = Tensor<Scalar>(uninitialized: [inputs, depth])
        Scalar.kernels.pointee.reorder_weight(
            flipped.pointer, weight.value.pointer, scale?.pointer, outputs, inputs, area, true)
        let rows = batch * inputShape[1] * inputShape[2]
        let perChunk = max(1, min(blockRows(depth), (rows + Backend.threadCount - 1) / Backend.threadCount))
        withUnsafePointer(to: gradientWindow) { window in
            parallelChunks((rows + perChunk - 1) / perChunk) { chunk in
                let begin = chunk * perChunk, count = min(rows, begin + perChunk) - begin
                let patches = Tensor<Scalar>(uninitialized: [count, depth])
                defer { withExtendedLifetime(patches) {} }
                Scalar.kernels.pointee.im2col(patches.pointer, g.pointer, window, begin, begin + count)
                dxt_gemm(
                    Scalar.isDouble, false, true, count, inputs, depth, 1, patches.pointer, depth, flipped.pointer,
                    depth, beta,
                    target + begin * inputs, inputs)
            }
        }
    }

    /// Any stride: each image's patches are made and added back where they came from; images are independent.
    private func scatterGradient(
        _ g: Tensor<Scalar>, _ weight: Tensor<Scalar>, beta: Double, into target: UnsafeMutablePointer<Scalar>
    ) {
        let plane = outputShape[1] * outputShape[2], size = inputShape[1] * inputShape[2] * inputs,
            block = min(blockRows(patch), plane)
        withUnsafePointer(to: window) { window in
            parallelChunks(batch) { image in
                if beta == 0 { Scalar.kernels.pointee.fill(target + image * size, 0, size) }
                let patches = Tensor<Scalar>(uninitialized: [block, patch])
                defer { withExtendedLifetime(patches) {} }
                for begin in stride_(from: image * plane, to: (image + 1) * plane, by: block) {
                    let count = min(block, (image + 1) * plane - begin)
                    dxt_gemm(
                        Scalar.isDouble, false, false, count, patch, outputs, 1, g.pointer + begin * outputs, outputs,
                        weight.pointer,
                        patch, 0, patches.pointer, patch)
                    Scalar.kernels.pointee.col2im(target, patches.pointer, window, begin, begin + count)
                }
            }
        }
    }
}

/// The standard library's function, whose name a property of the product hides.
private func stride_(from: Int, to: Int, by: Int) -> StrideTo<Int> { stride(from: from, to: to, by: by) }
