import DeixisGraph

/// Y[output labels] = sum over the other labels of the product of the inputs, by `equation`, e.g. `bij,bjk->bik`.
///
/// `...` stands for axes that broadcast; a label twice in one input is a diagonal; without `->` the labels that occur
/// once, sorted.
enum Einsum {
    static let definition = OperatorDefinition(
        "Einsum", since: 12, inputs: 1...64, types: .numeric,
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let element = try call.input(0).element
            for i in 1..<call.inputs.count {
                let other = try call.input(i).element
                guard other == element else { throw call.invalid("inputs have element types \(element) and \(other)") }
            }
            return [TensorSpec(element, try Equation(call).output)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let equation = try Equation(call), element = try call.input(0).element
            if element.isReal {
                let elements = RealElements(element)
                return loop(equation, elements.load, elements.store, (0.0, 1.0), { $0 + $1 }, { $0 * $1 })
            }
            let elements = IntegerElements(element)
            return loop(equation, elements.load, elements.store, (Int64(0), Int64(1)), { $0 &+ $1 }, { $0 &* $1 })
        })

    private static func loop<T>(
        _ equation: Equation, _ load: @escaping (UnsafeRawPointer, Int) -> T,
        _ store: @escaping (UnsafeMutableRawPointer, Int, T) -> Void,
        _ neutral: (sum: T, product: T), _ plus: @escaping (T, T) -> T, _ times: @escaping (T, T) -> T
    ) -> Compute {
        let extents = equation.extents, inputs = equation.strides, labels = extents.count
        let outputs = equation.output.reduce(1, *), terms = extents.dropFirst(equation.output.count).reduce(1, *)
        return { buffers in
            guard let y = buffers.outputs[0] else { return }
            for index in 0..<outputs {
                var total = neutral.sum
                for term in 0..<terms {
                    var product = neutral.product
                    for (i, strides) in inputs.enumerated() {
                        guard let x = buffers.inputs[i] else { return }
                        // The labels' extents in order, output first, are one mixed-radix number.
                        var rest = index * terms + term, offset = 0, k = labels - 1
                        while k >= 0 {
                            offset += rest % extents[k] * strides[k]
                            rest /= extents[k]
                            k -= 1
                        }
                        product = times(product, load(x, offset))
                    }
                    total = plus(total, product)
                }
                store(y, index, total)
            }
        }
    }

    /// All labels, those of the output first.
    struct Equation {
        var output: [Int] = []
        var extents: [Int] = []
        /// Per input, elements to step per label.
        var strides: [[Int]] = []

        init(_ call: OperatorCall) throws(RuntimeError) {
            let text = try call.string("equation", default: "").bytes.filter { $0 != 0x20 }
            func wrong(_ reason: Message) -> RuntimeError {
                call.invalid("equation '\(String(decoding: text, as: UTF8.self))' \(reason)")
            }
            var sides = [text]
            if let i = text.indices.dropLast().first(where: { text[$0] == 0x2D && text[$0 + 1] == 0x3E }) {
                sides = [Array(text[..<i]), Array(text[(i + 2)...])]
            }
            let terms = sides[0].split(separator: 0x2C, omittingEmptySubsequences: false).map { Array($0) }
            guard terms.count == call.inputs.count else {
                throw wrong("has \(terms.count) terms for \(call.inputs.count) inputs")
            }

            // Axes under an ellipsis are labels from 256 on, the last axis being 256.
            func labels(_ term: [UInt8], ellipsis rank: Int) -> [Int]? {
                var result: [Int] = [], i = 0
                while i < term.count {
                    if term[i] == 0x2E {
                        guard rank >= 0, i + 2 < term.count, term[i + 1] == 0x2E, term[i + 2] == 0x2E else {
                            return nil
                        }
                        for k in 0..<rank { result.append(256 + rank - 1 - k) }
                        i += 3
                        continue
                    }
                    guard (0x41...0x5A).contains(term[i]) || (0x61...0x7A).contains(term[i]) else { return nil }
                    result.append(Int(term[i]))
                    i += 1
                }
                return result
            }

            // By label; -1: in no input.
            var extent = [Int](repeating: -1, count: 256 + call.inputs.reduce(0) { max($0, $1?.rank ?? 0) }),
                inputs: [[Int]] = [], widest = 0
            for (i, term) in terms.enumerated() {
                let shape = try call.input(i).shape, dots = term.filter { $0 == 0x2E }.count
                let covered = dots == 3 ? shape.count - (term.count - 3) : dots == 0 ? 0 : -1
                guard let found = labels(term, ellipsis: covered), found.count == shape.count else {
                    throw wrong("does not fit input \(i) of shape \(shape)")
                }
                widest = max(widest, covered)
                for (label, size) in zip(found, shape) {
                    let known = extent[label] < 0 ? 1 : extent[label]
                    guard known == size || known == 1 || size == 1 else {
                        throw wrong("gives one label extents \(known) and \(size)")
                    }
                    extent[label] = known == 1 ? size : known
                }
                inputs.append(found)
            }
            let ellipsis = (0..<widest).map { 256 + widest - 1 - $0 }
            var order: [Int]
            if sides.count == 2 {
                guard let found = labels(sides[1], ellipsis: widest),
                    found.indices.allSatisfy({ found.firstIndex(of: found[$0]) == $0 })
                else { throw wrong("has no such output") }
                order = found
            } else {
                let all = inputs.flatMap { $0 }
                order = ellipsis + (0..<256).filter { label in all.filter { $0 == label }.count == 1 }
            }
            for label in order where extent[label] < 0 { throw wrong("has an output label that no input has") }
            output = order.map { extent[$0] }
            order += extent.indices.filter { extent[$0] >= 0 && !order.contains($0) }
            extents = order.map { extent[$0] }
            try call.checkWork(extents)
            for (i, found) in inputs.enumerated() {
                let shape = try call.input(i).shape, dense = DeixisRuntime.strides(shape)
                strides.append(
                    order.map { label in
                        found.indices.reduce(0) { $0 + (found[$1] == label && shape[$1] != 1 ? dense[$1] : 0) }
                    })
            }
        }
    }
}
