import CDeixisTensor

/// The products of a 3 x 3 convolution of stride 1 by Winograd's F(2 x 2, 3 x 3): 16 multiplications for 4 outputs
/// where the sum takes 36. `winograd.inc.h` has the formulas.
///
/// Inputs and outputs of a tile (2 x 2 outputs) become 16 planes of the same channels: [tiles, 16, channels]. Each
/// plane is a matrix [tiles, channels] of its own product.
struct WinogradProduct<Scalar: Real> {
    private let window: dxt_window
    private let batch, inputs, outputs: Int
    /// Tiles of a row, rows of an image.
    private let across, down: Int

    init(_ window: dxt_window, batch: Int, outputs: Int) {
        (self.window, self.batch, self.outputs, inputs) = (window, batch, outputs, window.channels)
        (across, down) = ((window.out_width + 1) / 2, (window.out_height + 1) / 2)
    }

    private var tileRows: Int { batch * down }
    /// From tile to tile. A cache line more than the planes, lest all tiles lie in few sets of L1.
    private func step(_ channels: Int) -> Int { 16 * channels + 64 / MemoryLayout<Scalar>.stride }

    /// Rows of tiles whose planes take about 1 MB, but are not so few that reading the weights, once a block, shows.
    private func blockRows(_ rows: Int) -> Int {
        let tiles = max(128, (1 << 18) / (16 * (inputs + outputs)))
        return max(1, min(tiles / max(across, 1), (rows + Backend.threadCount - 1) / Backend.threadCount))
    }

    /// The first row of the output, as a matrix [batch * height * width, outputs], that a row of tiles covers.
    private func firstRow(_ tileRow: Int) -> Int {
        (tileRow / down * window.out_height + tileRow % down * 2) * window.out_width
    }

    /// G (scale W) G^T as [16, inputs, outputs]; turned by half a circle, as [16, outputs, inputs].
    func transformed(_ weight: Parameter<Scalar>, scale: Tensor<Scalar>?, turned: Bool = false) -> Tensor<Scalar> {
        let result = Tensor<Scalar>(uninitialized: [16, turned ? outputs : inputs, turned ? inputs : outputs])
        parallel(outputs, grain: max(1, 16384 / (inputs * 9))) {
            Scalar.kernels.pointee.winograd_weight(
                result.pointer, weight.value.pointer, scale?.pointer, outputs, inputs, turned, $0.lowerBound,
                $0.upperBound)
        }
        return result
    }

    /// y = conv(x, W) + beta y, beta 0 or 1.
    ///
    /// - Parameters:
    ///   - weights: [16, inputs, outputs]
    ///   - finish: called with rows of [batch * height * width, outputs] while they are in cache.
    func apply(
        _ x: UnsafeMutablePointer<Scalar>, _ weights: Tensor<Scalar>, beta: Double,
        into y: UnsafeMutablePointer<Scalar>, _ finish: (_ rows: Range<Int>) -> Void = { _ in }
    ) {
        let perChunk = blockRows(tileRows), (inputStep, outputStep) = (step(inputs), step(outputs))
        withUnsafePointer(to: window) { window in
            parallelChunks((tileRows + perChunk - 1) / perChunk) { chunk in
                let rows = chunk * perChunk..<min(tileRows, (chunk + 1) * perChunk)
                let (begin, end) = (rows.lowerBound * across, rows.upperBound * across)
                let v = Tensor<Scalar>(uninitialized: [end - begin, inputStep])
                let m = Tensor<Scalar>(uninitialized: [end - begin, outputStep])
                defer { withExtendedLifetime((v, m)) {} }
                Scalar.kernels.pointee.winograd_input(v.pointer, inputStep, x, window, begin, end)
                for plane in 0..<16 {
                    Scalar.kernels.pointee.gemm(
                        end - begin, outputs, inputs, 1, v.pointer + plane * inputs, inputStep, 1,
                        weights.pointer + plane * inputs * outputs, outputs, 1, 0, m.pointer + plane * outputs,
                        outputStep)
                }
                Scalar.kernels.pointee.winograd_output(
                    y, m.pointer, outputStep, window, outputs, beta, begin, end)
                finish(firstRow(rows.lowerBound)..<firstRow(rows.upperBound))
            }
        }
    }

    /// dW += scale G^T [sum over tiles of (A g A^T) (B^T x B)] G
    func accumulateWeightGradient(
        _ g: Tensor<Scalar>, _ x: Tensor<Scalar>, scale: Tensor<Scalar>?, into weight: Parameter<Scalar>
    ) {
        // One partial sum per thread, added in order; of 64 tiles or more, for fewer would not pay for its memory.
        let parts = max(1, min(Backend.threadCount, tileRows, tileRows * across / 64)),
            perPart = (tileRows + parts - 1) / parts
        let size = 16 * outputs * inputs, block = blockRows(tileRows)
        let partial = Tensor<Scalar>(uninitialized: [parts, size])
        let (inputStep, outputStep) = (step(inputs), step(outputs))
        withUnsafePointer(to: window) { window in
            parallelChunks(parts) { part in
                let sums = partial.pointer + part * size, last = min(tileRows, (part + 1) * perPart)
                let v = Tensor<Scalar>(uninitialized: [block * across, inputStep])
                let n = Tensor<Scalar>(uninitialized: [block * across, outputStep])
                defer { withExtendedLifetime((v, n)) {} }
                if part * perPart >= last { Scalar.kernels.pointee.fill(sums, 0, size) }
                for row in stride(from: part * perPart, to: last, by: block) {
                    let (begin, end) = (row * across, min(last, row + block) * across)
                    Scalar.kernels.pointee.winograd_input(v.pointer, inputStep, x.pointer, window, begin, end)
                    Scalar.kernels.pointee.winograd_gradient(
                        n.pointer, outputStep, g.pointer, window, outputs, begin, end)
                    for plane in 0..<16 {
                        Scalar.kernels.pointee.gemm(
                            outputs, inputs, end - begin, 1, n.pointer + plane * outputs, 1, outputStep,
                            v.pointer + plane * inputs, inputStep, 1, row == part * perPart ? 0 : 1,
                            sums + plane * outputs * inputs, inputs)
                    }
                }
            }
        }
        if parts > 1 {
            parallel(size, grain: 1 << 15) {
                for part in 1..<parts {
                    Scalar.kernels.pointee.axpy(
                        partial.pointer + $0.lowerBound, partial.pointer + part * size + $0.lowerBound, 1, $0.count)
                }
            }
        }
        weight.accumulateGradient { target, beta in
            parallel(outputs, grain: max(1, 16384 / (inputs * 9))) {
                Scalar.kernels.pointee.winograd_weight_gradient(
                    target, partial.pointer, scale?.pointer, outputs, inputs, beta, $0.lowerBound, $0.upperBound)
            }
        }
    }
}
