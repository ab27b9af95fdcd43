import DeixisGraph

/// Y = the greatest element of the window, NaN if one is NaN, the least value of the element type where the window lies
/// outside.
///
/// Output 1: where in X it was met first, counted over all of X; `storage_order` 1 counts each plane with its axes
/// reversed.
enum MaxPool {
    static let definition = OperatorDefinition(
        "MaxPool", inputs: 1...1, types: .reals + [.int8, .uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let y = try Pool.infer(call)
            return [y, TensorSpec(.int64, y.shape)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let geometry = try Pool.Geometry(call, Window(call, kernel: nil)), element = try call.input(0).element
            let load = SortKey(element, nan: .max).load, size = element.byteCount ?? 0
            let columnMajor = try call.int("storage_order", default: 0) != 0
            let elements = RealElements(element),
                least = element.isReal ? -Double.infinity : Double(element.integerRange.lowerBound)
            return { buffers in
                guard let x = buffers.inputs[0] else { return }
                let indices = buffers.outputs.count > 1 ? buffers.outputs[1]?.assumingMemoryBound(to: Int64.self) : nil
                for plane in 0..<geometry.planes {
                    for output in 0..<geometry.outputPlane {
                        var best = -1, bestKey = Int64.min
                        _ = geometry.forEach(output) {
                            let key = load(x, plane * geometry.inputPlane + $0)
                            if best < 0 || key > bestKey { (best, bestKey) = ($0, key) }
                        }
                        let to = plane * geometry.outputPlane + output, from = plane * geometry.inputPlane
                        if let y = buffers.outputs[0] {
                            if best < 0 {
                                elements.store(y, to, least)
                            } else {
                                (y + to * size).copyMemory(from: x + (from + best) * size, byteCount: size)
                            }
                        }
                        indices?[to] = best < 0 ? -1 : Int64(from + (columnMajor ? geometry.columnMajor(best) : best))
                    }
                }
            }
        })
}
