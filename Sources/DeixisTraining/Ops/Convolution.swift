// Over 150 lines: one product in three readings (forward, by weight, by input) with the blocks that keep patches in
// cache.
import CDeixisTensor
import DeixisGraph

/// A frozen or evaluated BatchNorm: y = gamma (x - mean) / sqrt(variance + eps) + beta with fixed statistics, so a
/// scale and a shift.
struct FoldedNorm<Scalar: Real> {
    let gamma, beta, mean, variance: Parameter<Scalar>
    let epsilon: Double

    /// gamma / sqrt(variance + eps) and beta - mean * scale.
    func scaleAndShift() -> (Tensor<Scalar>, Tensor<Scalar>) {
        let count = gamma.count
        let scale = Tensor<Scalar>(uninitialized: [count]), shift = Tensor<Scalar>(uninitialized: [count])
        for c in 0..<count {
            let s = gamma.value.pointer[c] / (variance.value.pointer[c] + Scalar(epsilon)).squareRoot()
            scale.pointer[c] = s
            shift.pointer[c] = beta.value.pointer[c] - mean.value.pointer[c] * s
        }
        return (scale, shift)
    }

    func emit(_ emitter: Emitter<Scalar>, _ value: EmittedValue) -> EmittedValue {
        emitter.node(
            "BatchNormalization", [value] + [gamma, beta, mean, variance].map { emitter.parameter($0) },
            attributes: [(name: "epsilon", value: .float(Float(epsilon)))])
    }
}

extension FeatureMap {
    /// y = act(norm(conv(x, W) + b) + residual); W: [out, in, kernel, kernel]; zero padding.
    ///
    /// The norm's scale goes into the reordered weights, its shift, the residual and the ReLU into one pass over each
    /// block of rows while it is in cache; so only y is kept.
    func convolution(
        _ weight: Parameter<Scalar>, bias: Parameter<Scalar>? = nil, norm: FoldedNorm<Scalar>? = nil,
        residual: FeatureMap? = nil,
        activation: Activation = .none, stride: Int = 1, padding: Int = 0
    ) -> FeatureMap {
        let x = variable.tensor
        let product = ConvolutionProduct<Scalar>(input: x.shape, weight: weight.shape, stride: stride, padding: padding)
        let folded = norm?.scaleAndShift()
        let scale = folded?.0, shift = folded?.1 ?? bias?.value
        let y = Tensor<Scalar>(uninitialized: product.outputShape)
        precondition(residual.map { $0.variable.shape == y.shape } ?? true, "residual does not fit \(y.shape)")

        // Forward
        product.forward(
            x, product.reordered(weight, scale: scale), shift: shift, residual: residual?.variable.tensor,
            relu: activation == .relu, into: y)

        // Pullback: with g masked by y > 0, dW = scale (g^T patches), dx = patches^T (g W)
        let (tape, source, residualSource) = (tape, variable.reference, residual?.variable.reference)
        let inputNeedsGradient = variable.needsGradient, hasResidual = residual != nil
        let mask = activation == .relu ? y : nil
        let result = tape.record(
            "Conv", inputs: [variable] + (residual.map { [$0.variable] } ?? []),
            parameters: [weight] + (bias.map { [$0] } ?? [])
                + (norm.map { [$0.gamma, $0.beta] } ?? []), y,
            macs: y.count * product.patch,
            pullback: { gradient in
                let (rows, columns) = (gradient.rows, gradient.columns)
                if let mask {
                    let masked = gradient.isUnique() ? gradient : Tensor(uninitialized: gradient.shape)
                    parallel(rows * columns, grain: 1 << 14) {
                        let offset = $0.lowerBound
                        Scalar.kernels.pointee.relu_backward(
                            masked.pointer + offset, gradient.pointer + offset, mask.pointer + offset, $0.count)
                    }
                    gradient = masked
                }
                if let bias, bias.isTrainable {
                    let sums: Tensor<Scalar> = reduceRows(rows, columns: columns, width: columns) { range, sums in
                        Scalar.kernels.pointee.column_sums(
                            sums, gradient.pointer + range.lowerBound * columns, range.count, columns, columns)
                    }
                    bias.accumulateGradient(sums.pointer)
                }
                if weight.isTrainable { product.accumulateWeightGradient(gradient, x, scale: scale, into: weight) }
                if inputNeedsGradient {
                    tape.accumulate(into: source) { target, beta in
                        product.accumulateInputGradient(gradient, weight, scale: scale, beta: beta, into: target)
                    }
                }
                if let residualSource { tape.accumulate(gradient, into: residualSource) }
            },
            emission: { emitter, values in
                let pair = { (n: Int) in Attribute.ints([Int64(n), Int64(n)]) }
                var inputs: [EmittedValue?] = [values[0], emitter.parameter(weight)]
                if let bias { inputs.append(emitter.parameter(bias)) }
                let p = Int64(padding)
                var value = emitter.node(
                    "Conv", inputs,
                    attributes: [
                        (name: "kernel_shape", value: pair(product.kernel)), (name: "strides", value: pair(stride)),
                        (name: "pads", value: .ints([p, p, p, p])),
                    ])
                if let norm { value = norm.emit(emitter, value) }
                if hasResidual { value = emitter.node("Add", [value, values[1]]) }
                if activation == .relu { value = emitter.node("Relu", [value]) }
                return value
            })
        return FeatureMap(variable: result)
    }
}

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

    init(input: [Int], weight: [Int], stride: Int, padding: Int) {
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
    }

    /// Patches of one block take about 512 KB, but are not so few that copying the weights, once a block, shows.
    private func blockRows(_ patch: Int) -> Int { max(96, min(1024, 131_072 / patch)) }

    /// [out, kernel * kernel * in], times scale[out].
    func reordered(_ weight: Parameter<Scalar>, scale: Tensor<Scalar>?) -> Tensor<Scalar> {
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

    func forward(
        _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, shift: Tensor<Scalar>?, residual: Tensor<Scalar>?, relu: Bool,
        into y: Tensor<Scalar>
    ) {
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
                if shift != nil || residual != nil || relu {
                    Scalar.kernels.pointee.bias_act(
                        target, shift?.pointer, residual.map { $0.pointer + begin * outputs }, relu ? 1 : 0, count,
                        outputs)
                }
            }
        }
    }

    func accumulateWeightGradient(
        _ g: Tensor<Scalar>, _ x: Tensor<Scalar>, scale: Tensor<Scalar>?, into weight: Parameter<Scalar>
    ) {
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
        if isDirect {
            let w = reordered(weight, scale: scale)
            multiply(g.pointer, w.pointer, m: rows, n: inputs, k: outputs, beta: beta, into: target)
        } else if stride == 1 {
            correlateGradient(g, weight, scale: scale, beta: beta, into: target)
        } else {
            scatterGradient(g, reordered(weight, scale: scale), beta: beta, into: target)
        }
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
        let window = dxt_window(
            height: outputShape[1], width: outputShape[2], channels: outputs, out_height: inputShape[1],
            out_width: inputShape[2],
            kernel_h: kernel, kernel_w: kernel, stride: 1, pad: kernel - 1 - padding)
        let rows = batch * inputShape[1] * inputShape[2]
        let perChunk = max(1, min(blockRows(depth), (rows + Backend.threadCount - 1) / Backend.threadCount))
        withUnsafePointer(to: window) { window in
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
