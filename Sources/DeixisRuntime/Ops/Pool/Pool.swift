import DeixisGraph

/// Poolings over a sliding window of X [batch, channels, spatial...], one to three spatial axes.
enum Pool {
    /// Walks the window of one output position. Visits `(offset of the element within its plane)` for what lies inside
    /// the input.
    struct Geometry {
        private let box: Window
        let planes: Int
        let inputPlane: Int
        let outputPlane: Int

        init(_ call: OperatorCall, _ window: Window) throws(RuntimeError) {
            let x = try call.input(0).shape
            guard x.count <= 5 else { throw call.invalid("input \(x) has more than three spatial axes") }
            box = window.padded(to: 3)
            planes = x[0] * x[1]
            inputPlane = box.input.reduce(1, *)
            outputPlane = box.output.reduce(1, *)
        }

        /// Returns how many window positions lie inside the input or its padding.
        @inline(__always)
        func forEach(_ output: Int, _ body: (Int) -> Void) -> Int {
            let w = box.taps(2, output % box.output[2]), h = box.taps(1, output / box.output[2] % box.output[1])
            let d = box.taps(0, output / box.output[2] / box.output[1])
            for td in d.inside {
                let z = d.start + td * box.dilations[0]
                for th in h.inside {
                    let y = h.start + th * box.dilations[1]
                    for tw in w.inside { body((z * box.input[1] + y) * box.input[2] + w.start + tw * box.dilations[2]) }
                }
            }
            return d.padded.multipliedClamped(by: h.padded).multipliedClamped(by: w.padded)
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
        try window.checkPooling(call, x.shape[0], x.shape[1])
        return TensorSpec(x.element, Array(x.shape[..<2]) + window.output)
    }

    /// Y = f over the window: `start`, then `step` for each element inside, then `finish(total, elements inside, those
    /// and padding)`.
    static func definition(
        _ name: Name,
        _ function:
            @escaping @Sendable (OperatorCall) throws(RuntimeError) -> (
                start: Double, step: (Double, Double) -> Double, finish: (Double, Int, Int) -> Double
            )
    ) -> OperatorDefinition {
        OperatorDefinition(
            name, inputs: 1...1, types: .reals,
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
    static let average = definition("AveragePool") { (call: OperatorCall) throws(RuntimeError) in
        let withPadding = try call.int("count_include_pad", default: 0) != 0
        return (0, { $0 + $1 }, { total, inside, padded in total / Double(withPadding ? padded : inside) })
    }

    /// (sum |x|^p)^(1/p), `p` default 2.
    static let lp = definition("LpPool") { (call: OperatorCall) throws(RuntimeError) in
        let p = Double(try call.int("p", default: 2))
        return (0, { $0 + SystemMath.pow($1.magnitude, p) }, { total, _, _ in SystemMath.pow(total, 1 / p) })
    }
}
