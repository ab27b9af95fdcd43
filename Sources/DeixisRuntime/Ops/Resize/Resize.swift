import DeixisGraph

/// Y = X resized along `axes` (default all) by `scales` (input 2) or to `sizes` (input 3), each output a weighted sum
/// over the input axes.
///
/// `mode` nearest, linear or cubic; positions by `coordinate_transformation_mode`; `antialias` widens linear and cubic
/// when shrinking. `keep_aspect_ratio_policy` not_larger and not_smaller shrink or grow `sizes` to one common scale.
enum Resize {
    static let definition = OperatorDefinition(
        "Resize", since: 11, inputs: 1...4, types: .reals + [.int8, .uint8, .int32, .int64],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            [TensorSpec(try call.input(0).element, try Request(call).output)]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), request = try Request(call)
            let axes = try request.resized(call)
            let fill = Double(try call.float("extrapolation_value", default: 0))
            return try loop(call, x, request.output, axes, fill: fill)
        })

    /// Axes that stay as they are have no entry and cost nothing but their index.
    private static func loop(
        _ call: OperatorCall, _ x: TensorSpec, _ output: [Int], _ axes: [ResizeAxis?], fill: Double
    ) throws(RuntimeError) -> Compute {
        try call.checkWork(output + axes.map { axis in axis?.ranges.reduce(1) { max($0, $1.count) } ?? 1 })
        let from = strides(x.shape), elements = RealElements(x.element), count = output.reduce(1, *), rank = x.rank
        let moving = axes.indices.filter { axes[$0] != nil }
        let tables = moving.compactMap { axes[$0] }, rounds = !x.element.isReal
        // Where the walk over the taps stands, one place per moving axis.
        let scratch = try ReferenceScratch(call, byteCount: 16 * max(moving.count, 1))
        let walk = { (buffers: Buffers, at: UnsafeMutablePointer<Int>) in
            guard let x = buffers.inputs[0], let y = buffers.outputs[0] else { return }
            let index = at + moving.count
            outputs: for i in 0..<count {
                var rest = i, base = 0, k = rank - 1, m = moving.count - 1
                while k >= 0 {
                    let here = rest % output[k]
                    rest /= output[k]
                    if m >= 0, moving[m] == k {
                        index[m] = here
                        m -= 1
                    } else {
                        base += here * from[k]
                    }
                    k -= 1
                }
                for m in 0..<moving.count {
                    at[m] = tables[m].ranges[index[m]].lowerBound
                    if tables[m].ranges[index[m]].isEmpty {
                        elements.store(y, i, fill)
                        continue outputs
                    }
                }
                var sum = 0.0
                while true {
                    var offset = base, weight = 1.0
                    for m in 0..<moving.count {
                        offset += tables[m].sources[at[m]] * from[moving[m]]
                        weight *= tables[m].weights[at[m]]
                    }
                    sum += weight * elements.load(x, offset)
                    var m = moving.count - 1
                    while m >= 0 {
                        at[m] += 1
                        if at[m] < tables[m].ranges[index[m]].upperBound { break }
                        at[m] = tables[m].ranges[index[m]].lowerBound
                        m -= 1
                    }
                    if m < 0 { break }
                }
                elements.store(y, i, rounds ? sum.rounded(.toNearestOrEven) : sum)
            }
        }
        return { buffers in scratch.use { walk(buffers, $0.assumingMemoryBound(to: Int.self)) } }
    }

    /// What the inputs and attributes ask for, per axis of X.
    struct Request {
        var output: [Int]
        var scales: [Double]
        var rule = ResizeAxis.Rule()
        private var axes: [Int]

        init(_ call: OperatorCall) throws(RuntimeError) {
            let x = try call.input(0).shape
            rule = try Resize.rule(call)
            axes = try call.normalize(axes: try call.ints("axes") ?? Array(x.indices), rank: x.count)
            output = x
            scales = [Double](repeating: 1, count: x.count)
            // An empty tensor stands for one left out.
            let hasScales = call.has(2) ? try call.input(2).count > 0 : false
            let hasSizes = call.has(3) ? try call.input(3).count > 0 : false
            guard hasScales != hasSizes else { throw call.invalid("exactly one of scales and sizes must be given") }
            if hasScales {
                let given = try call.numbers(2)
                guard given.count == axes.count, given.allSatisfy({ $0 > 0 && $0.isFinite }) else {
                    throw call.invalid("scales do not fit \(axes.count) axes")
                }
                for (scale, axis) in zip(given, axes) {
                    scales[axis] = scale
                    // In float32, as the standard's shape rule multiplies.
                    output[axis] = Int(clamping: Double((Float(x[axis]) * Float(scale)).rounded(.down)))
                }
                return
            }
            var sizes = try call.integers(3)
            guard sizes.count == axes.count, sizes.allSatisfy({ $0 >= 0 }) else {
                throw call.invalid("sizes \(sizes) do not fit \(axes.count) axes")
            }
            let policy = try call.string("keep_aspect_ratio_policy", default: "stretch")
            if policy != "stretch" {
                guard policy == "not_larger" || policy == "not_smaller" else {
                    throw call.invalid("keep_aspect_ratio_policy '\(policy)' is unknown")
                }
                let ratios = zip(sizes, axes).map { Double($0) / Double(x[$1]) }
                let scale = (policy == "not_larger" ? ratios.min() : ratios.max()) ?? 1
                for (i, axis) in axes.enumerated() {
                    scales[axis] = scale
                    sizes[i] = scale.isFinite ? Int(clamping: scale * Double(x[axis]) + 0.5) : 0
                }
            } else {
                for (size, axis) in zip(sizes, axes) where x[axis] > 0 {
                    scales[axis] = ResizeAxis.scale(size, x[axis])
                }
            }
            for (size, axis) in zip(sizes, axes) { output[axis] = size }
        }

        /// The tables of the axes that change.
        func resized(_ call: OperatorCall) throws(RuntimeError) -> [ResizeAxis?] {
            let x = try call.input(0).shape
            var roi = [Double](repeating: 0, count: axes.count) + [Double](repeating: 1, count: axes.count)
            if rule.coordinates == .tfCropAndResize {
                roi = try call.numbers(1)
                guard roi.count == 2 * axes.count else {
                    throw call.invalid("roi has \(roi.count) elements, expected \(2 * axes.count)")
                }
            }
            var result = [ResizeAxis?](repeating: nil, count: x.count), entries = 0
            for (i, axis) in axes.enumerated() {
                guard x[axis] > 0 || output[axis] == 0 else {
                    throw call.invalid("axis \(axis) is empty and has nothing to resize")
                }
                let roi = (start: roi[i], end: roi[axes.count + i])
                if output[axis] == x[axis], scales[axis] == 1, !rule.extrapolates { continue }
                entries = entries.addingClamped(ResizeAxis.entries(rule, output: output[axis], scale: scales[axis]))
                try call.checkTable(entries)
                result[axis] = ResizeAxis(rule, input: x[axis], output: output[axis], scale: scales[axis], roi: roi)
            }
            return result
        }
    }

    static func rule(_ call: OperatorCall) throws(RuntimeError) -> ResizeAxis.Rule {
        var rule = ResizeAxis.Rule()
        let mode = try call.string("mode", default: "nearest")
        if mode == "linear" {
            rule.mode = .linear
        } else if mode == "cubic" {
            rule.mode = .cubic
        } else if mode != "nearest" {
            throw call.invalid("mode '\(mode)' is unknown")
        }
        let coordinates = try call.string("coordinate_transformation_mode", default: "half_pixel")
        if coordinates == "half_pixel_symmetric" {
            rule.coordinates = .halfPixelSymmetric
        } else if coordinates == "pytorch_half_pixel" {
            rule.coordinates = .pytorchHalfPixel
        } else if coordinates == "align_corners" {
            rule.coordinates = .alignCorners
        } else if coordinates == "asymmetric" {
            rule.coordinates = .asymmetric
        } else if coordinates == "tf_crop_and_resize" {
            rule.coordinates = .tfCropAndResize
        } else if coordinates != "half_pixel" {
            throw call.invalid("coordinate_transformation_mode '\(coordinates)' is unknown")
        }
        let nearest = try call.string("nearest_mode", default: "round_prefer_floor")
        if nearest == "round_prefer_ceil" {
            rule.nearest = .preferCeil
        } else if nearest == "floor" {
            rule.nearest = .floor
        } else if nearest == "ceil" {
            rule.nearest = .ceil
        } else if nearest != "round_prefer_floor" {
            throw call.invalid("nearest_mode '\(nearest)' is unknown")
        }
        rule.cubicA = Double(try call.float("cubic_coeff_a", default: -0.75))
        rule.excludeOutside = try call.int("exclude_outside", default: 0) != 0
        rule.antialias = try call.int("antialias", default: 0) != 0
        return rule
    }
}
