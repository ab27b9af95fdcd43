import DeixisGraph

/// Poolings over a sliding window of X [batch, channels, spatial...], one to three spatial axes.
enum Pool {
    /// Walks the window of one output position. Visits `(offset of the element within its plane)` for what lies inside the input.
    struct Geometry {
        private let box: Window
        let planes: Int
        let inputPlane: Int
        let outputPlane: Int
        /// Window positions, inside or not.
        let windowCount: Int

        init(_ call: OperatorCall, _ window: Window) throws(RuntimeError) {
            let x = try call.input(0).shape
            guard x.count <= 5 else { throw call.invalid("input \(x) has more than three spatial axes") }
            box = window.padded(to: 3)
            planes = x[0] * x[1]
            inputPlane = box.input.reduce(1, *)
            outputPlane = box.output.reduce(1, *)
            windowCount = box.kernel.reduce(1, *)
        }

        /// Returns how many window positions lie inside the input or its padding.
        @inline(__always)
        func forEach(_ output: Int, _ body: (Int) -> Void) -> Int {
            var inPadding = 0
            let w = output % box.output[2], h = output / box.output[2] % box.output[1], d = output / box.output[2] / box.output[1]
            for td in 0..<box.kernel[0] {
                let z = d * box.strides[0] + td * box.dilations[0] - box.padBegin[0]
                if z >= box.input[0] + box.padEnd[0] { continue }
                for th in 0..<box.kernel[1] {
                    let y = h * box.strides[1] + th * box.dilations[1] - box.padBegin[1]
                    if y >= box.input[1] + box.padEnd[1] { continue }
                    for tw in 0..<box.kernel[2] {
                        let x = w * box.strides[2] + tw * box.dilations[2] - box.padBegin[2]
                        if x >= box.input[2] + box.padEnd[2] { continue }
                        inPadding += 1
                        if z < 0 || z >= box.input[0] || y < 0 || y >= box.input[1] || x < 0 || x >= box.input[2] { continue }
                        body((z * box.input[1] + y) * box.input[2] + x)
                    }
                }
            }
            return inPadding
        }

        /// Row-major offset within a plane as if its axes were stored in reverse order.
        func columnMajor(_ offset: Int) -> Int {
            let (d, h, w) = (box.input[0], box.input[1], box.input[2])
            let x = offset % w, y = offset / w % h, z = offset / w / h
            return (x * h + y) * d + z
        }
    }

    static func infer(_ call: OperatorCall) throws(RuntimeError) -> TensorSpec {
        let x = try call.input(0), window = try Window(call, kernel: nil)
        _ = try Geometry(call, window)
        return TensorSpec(x.element, Array(x.shape[..<2]) + window.output)
    }

    /// Y = f over the window: `start`, then `step` for each element inside, then `finish(total, elements inside, those and padding)`.
    static func definition(
        _ name: Name, since: Int = 1,
        _ function: @escaping @Sendable (OperatorCall) throws(RuntimeError) -> (
            start: Double, step: (Double, Double) -> Double, finish: (Double, Int, Int) -> Double
        )
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, since: since, inputs: 1...1, types: .reals,
            infer: { (call: OperatorCall) throws(RuntimeError) in
                _ = try function(call)
                return [try infer(call)]
            },
            evaluate: { (call: OperatorCall) throws(RuntimeError) in
                let geometry = try Geometry(call, Window(call, kernel: nil)), (start, step, finish) = try function(call)
                let elements = RealElements(try call.input(0).element)
                return { buffers in
                    guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
                    for plane in 0..<geometry.planes {
                        for output in 0..<geometry.outputPlane {
                            var total = start, inside = 0
                            let padded = geometry.forEach(output) {
                                total = step(total, elements.load(x, plane * geometry.inputPlane + $0))
                                inside += 1
                            }
                            elements.store(y, plane * geometry.outputPlane + output, finish(total, inside, padded))
                        }
                    }
                }
            })
    }

    /// The mean of the elements inside; with `count_include_pad` the padding counts as zeros.
    static let average = definition("AveragePool", since: 7) { (call: OperatorCall) throws(RuntimeError) in
        let withPadding = try call.int("count_include_pad", default: 0) != 0
        return (0, { $0 + $1 }, { total, inside, padded in total / Double(withPadding ? padded : inside) })
    }

    /// (sum |x|^p)^(1/p), `p` default 2.
    static let lp = definition("LpPool", since: 2) { (call: OperatorCall) throws(RuntimeError) in
        let p = Double(try call.int("p", default: 2))
        return (0, { $0 + SystemMath.pow($1.magnitude, p) }, { total, _, _ in SystemMath.pow(total, 1 / p) })
    }
}
