import CDeixisTensor
@testable import DeixisTraining
import Testing

/// Winograd's way against the plain sum, for sizes that leave half tiles, with and without a border, and channels that
/// fill no vector.
@Suite struct WinogradTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var images = 2, height = 7, width = 9, inputs = 17, outputs = 21, padding = 1
        var testDescription: String { "\(images)x\(height)x\(width)x\(inputs) to \(outputs), padding \(padding)" }
    }

    static let cases = [
        Case(), Case(padding: 0), Case(padding: 2), Case(images: 1, height: 1, width: 1), Case(height: 2, width: 3),
        Case(images: 1, height: 3, width: 3, padding: 0), Case(images: 3, height: 8, width: 6, inputs: 48, outputs: 16),
        Case(images: 5, height: 16, width: 40, inputs: 16, outputs: 33),
    ]

    /// All three products, with scale, shift, residual and ReLU; gradients added to what is there.
    private func check<Scalar: Real>(_ c: Case, _: Scalar.Type, tolerance: Double) {
        let weight = [c.outputs, c.inputs, 3, 3], input = [c.images, c.height, c.width, c.inputs]
        func numbers(_ shape: [Int], _ seed: UInt64) -> Tensor<Scalar> {
            let tensor = Tensor<Scalar>(uninitialized: shape)
            Initializer.normal(deviation: 1).fill(tensor, seed: seed)
            return tensor
        }
        let x = numbers(input, 3), scale = numbers([c.outputs], 4), shift = numbers([c.outputs], 5)
        let results = [false, true].map { fast -> [[Scalar]] in
            let product = ConvolutionProduct<Scalar>(
                input: input, weight: weight, stride: 1, padding: c.padding, allowsWinograd: fast)
            #expect(product.usesWinograd == fast)
            let parameter = ParameterStore<Scalar>(seed: 6).root.parameter("w", weight, .normal(deviation: 1))
            let y = numbers(product.outputShape, 7), residual = numbers(product.outputShape, 8)
            product.forward(x, parameter, scale: scale, shift: shift, residual: residual, relu: true, into: y)
            let g = numbers(product.outputShape, 9)
            product.accumulateWeightGradient(g, x, scale: scale, into: parameter)
            product.accumulateWeightGradient(g, x, scale: nil, into: parameter)
            let fresh = numbers(input, 10), added = numbers(input, 10)
            product.accumulateInputGradient(g, parameter, scale: scale, beta: 0, into: fresh.pointer)
            product.accumulateInputGradient(g, parameter, scale: nil, beta: 1, into: added.pointer)
            return [y.values, parameter.gradient?.values ?? [], fresh.values, added.values]
        }
        for (index, name) in ["y", "dW", "dx", "dx added"].enumerated() {
            let (plain, fast) = (results[0][index], results[1][index])
            #expect(plain.count == fast.count && !plain.isEmpty)
            let largest = plain.reduce(1) { max($0, Double(abs($1))) }
            let difference = zip(plain, fast).reduce(0) { max($0, Double(abs($1.0 - $1.1))) }
            #expect(difference <= tolerance * largest, "\(name) differs by \(difference), values up to \(largest)")
        }
    }

    @Test(arguments: cases) func plainSum(_ c: Case) {
        check(c, Double.self, tolerance: 1e-14)
        check(c, Float.self, tolerance: 3e-6)
    }

    @Test func fewChannelsAndStridesTakeThePlainSum() {
        func uses(_ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1, padding: Int = 1) -> Bool {
            ConvolutionProduct<Float>(
                input: [1, 8, 8, inputs], weight: [outputs, inputs, kernel, kernel], stride: stride, padding: padding
            ).usesWinograd
        }
        #expect(uses(16, 16))
        #expect(!uses(15, 16) && !uses(16, 15) && !uses(16, 16, stride: 2) && !uses(16, 16, kernel: 1, padding: 0))
        #expect(!uses(16, 16, padding: 3) && !uses(16, 16, kernel: 5, padding: 2))
    }

    /// The loops of every instruction set, the products between them written out.
    @Test(arguments: KernelTests.sets) func loops(_ set: Int) {
        let kernels = dxt_kernel_table(false, dxt_isa(UInt32(set)))
        let (side, inputs, outputs) = (5, 37, 27), tiles = 9, across = 3
        func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
            let tensor = Tensor<Float>(uninitialized: [count])
            Initializer.normal(deviation: 1).fill(tensor, seed: seed)
            return tensor.values
        }
        let x = numbers(side * side * inputs, 3), w = numbers(outputs * inputs * 9, 4)
        var window = dxt_window(
            height: side, width: side, channels: inputs, out_height: side, out_width: side, kernel_h: 3, kernel_w: 3,
            stride: 1, pad: 1)
        var u = [Float](repeating: 0, count: 16 * inputs * outputs), y = numbers(side * side * outputs, 5)
        let before = y, (vStep, mStep) = (16 * inputs + 3, 16 * outputs + 5)
        var v = [Float](repeating: 0, count: tiles * vStep), m = [Float](repeating: 0, count: tiles * mStep)
        // In two parts, as threads do.
        for (begin, end) in [(0, 10), (10, outputs)] {
            kernels.pointee.winograd_weight(&u, w, nil, outputs, inputs, false, begin, end)
        }
        kernels.pointee.winograd_input(&v, vStep, x, &window, 0, tiles)
        for tile in 0..<tiles {
            for plane in 0..<16 {
                for o in 0..<outputs {
                    m[tile * mStep + plane * outputs + o] = (0..<inputs).reduce(0) {
                        $0 + v[tile * vStep + plane * inputs + $1] * u[(plane * inputs + $1) * outputs + o]
                    }
                }
            }
        }
        for begin in stride(from: 0, to: tiles, by: across) {
            m.withUnsafeBufferPointer { m in
                guard let base = m.baseAddress else { return }
                kernels.pointee.winograd_output(
                    &y, base + begin * mStep, mStep, &window, outputs, 1, begin, begin + across)
            }
        }
        for position in 0..<side * side {
            for o in 0..<outputs {
                var sum = Double(before[position * outputs + o])
                for k in 0..<9 {
                    let (row, column) = (position / side + k / 3 - 1, position % side + k % 3 - 1)
                    guard (0..<side).contains(row), (0..<side).contains(column) else { continue }
                    for i in 0..<inputs {
                        sum += Double(x[(row * side + column) * inputs + i]) * Double(w[(o * inputs + i) * 9 + k])
                    }
                }
                #expect(abs(Double(y[position * outputs + o]) - sum) < 1e-3)
            }
        }
    }
}
