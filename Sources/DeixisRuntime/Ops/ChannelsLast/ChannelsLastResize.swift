import CDeixisKernels
import DeixisGraph

/// Resize by nearest or linear interpolation on images whose channels lie innermost.
///
/// X [batch, H, W, C], Y [batch, H', W', C]; attributes `sizes` [H', W'] and `scales` [sH, sW] beside ONNX's `mode`,
/// `coordinate_transformation_mode` and `nearest_mode`. Each output row and column has two taps: y = (1 - w) x[low] + w x[high].
enum ChannelsLastResize {
    static let definition = OperatorDefinition(
        "Resize", domain: .deixis, inputs: 1...1, types: [.float32, .uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            guard x.rank == 4, let sizes = try call.ints("sizes"), sizes.count == 2 else { throw call.invalid("expected an image and its sizes") }
            return [TensorSpec(x.element, [x.shape[0], sizes[0], sizes[1], x.shape[3]])]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), y = call.output(), rows = try taps(call, axis: 0), columns = try taps(call, axis: 1)
            if x.element == .uint8 { return try ReferenceKernel.compute(call, lower) }
            return { buffers in
                let from = buffers.input(0, Float.self), to = buffers.output(0, Float.self)
                let channels = x.shape[3]
                var at = 0
                for b in 0..<y.shape[0] { for row in rows { for column in columns { for c in 0..<channels {
                    func value(_ iy: UInt32, _ ix: UInt32) -> Double {
                        Double(from[((b * x.shape[1] + Int(iy)) * x.shape[2] + Int(ix)) * channels + c])
                    }
                    func mix(_ iy: UInt32) -> Double {
                        column.weight == 0 ? value(iy, column.low)
                            : (1 - Double(column.weight)) * value(iy, column.low) + Double(column.weight) * value(iy, column.high)
                    }
                    to[at] = Float(row.weight == 0 ? mix(row.low) : (1 - Double(row.weight)) * mix(row.low) + Double(row.weight) * mix(row.high))
                    at += 1
                } } } }
            }
        },
        lower: lower)

    private static let lower: Lowerings.Lower = { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let x = try call.input(0), y = call.output()
        let rows = Taps(try taps(call, axis: 0)), columns = Taps(try taps(call, axis: 1))
        let count = y.shape[0] * y.shape[1], tasks = lowering.tasks(count, grain: 1), channels = x.shape[3]
        func shape() -> deixis_resize_f32_shape {
            deixis_resize_f32_shape(
                batch: x.shape[0], in_h: x.shape[1], in_w: x.shape[2], channels: channels, out_h: y.shape[1], out_w: y.shape[2],
                x_stride: channels, y_stride: channels, rows: rows.pointer, columns: columns.pointer)
        }
        if x.element == .uint8 {
            guard try call.string("mode", default: "nearest") == "nearest" else { throw call.invalid("stored images resize by nearest only") }
            guard let kernel = deixis_pool_u8_select(lowering.isa) else { return nil }
            return Kernel("resize_s8", tasks: tasks) { buffers, task, _ in
                var shape = shape()
                let range = Lowering.range(task, of: tasks, count)
                kernel.pointee.nearest(&shape, buffers.input(0), buffers.output(0), range.lowerBound, range.upperBound)
            }
        }
        guard let kernel = deixis_resize_f32_select(lowering.isa) else { return nil }
        return Kernel("resize_f32", tasks: tasks) { buffers, task, _ in
            var shape = shape()
            let range = Lowering.range(task, of: tasks, count)
            kernel.pointee.run(&shape, buffers.input(0), buffers.output(0), range.lowerBound, range.upperBound)
        }
    }

    /// A table with an address.
    private final class Taps {
        let pointer: UnsafePointer<deixis_resize_tap>
        init(_ taps: [deixis_resize_tap]) {
            let memory = UnsafeMutablePointer<deixis_resize_tap>.allocate(capacity: max(taps.count, 1))
            memory.initialize(from: taps, count: taps.count)
            pointer = UnsafePointer(memory)
        }
        deinit { pointer.deallocate() }
    }

    private static func taps(_ call: OperatorCall, axis: Int) throws(RuntimeError) -> [deixis_resize_tap] {
        let input = try call.input(0).shape[axis + 1]
        guard let output = try call.ints("sizes")?[axis], case .floats(let scales)? = call.attribute("scales"), scales.count == 2,
            input > 0, input <= UInt32.max, scales[axis] > 0, scales[axis].isFinite
        else { throw call.invalid("attributes 'sizes' and 'scales' are missing") }
        try call.check(.tableEntries, output, limit: call.limits.tableEntries)
        let nearest = try call.string("mode", default: "nearest") == "nearest"
        let coordinates = try call.string("coordinate_transformation_mode", default: "half_pixel")
        let rounding = try call.string("nearest_mode", default: "round_prefer_floor")
        let scale = Double(scales[axis]), length = ResizeAxis.length(scale, input, output)
        return (0..<output).map { index in
            var at: Double
            switch coordinates {
            case "asymmetric": at = Double(index) / scale
            case "align_corners": at = output == 1 ? 0 : Double(index) * Double(input - 1) / (length - 1)
            case "pytorch_half_pixel": at = output == 1 ? 0 : (Double(index) + 0.5) / scale - 0.5
            default: at = (Double(index) + 0.5) / scale - 0.5
            }
            func clamp(_ x: Double) -> UInt32 { UInt32(min(max(x, 0), Double(input - 1))) }
            if nearest {
                switch rounding {
                case "floor": at = at.rounded(.down)
                case "ceil": at = at.rounded(.up)
                case "round_prefer_ceil": at = (at + 0.5).rounded(.down)
                default: at = (at - 0.5).rounded(.up)
                }
                return deixis_resize_tap(low: clamp(at), high: clamp(at), weight: 0)
            }
            let low = at.rounded(.down)
            return deixis_resize_tap(low: clamp(low), high: clamp(low + 1), weight: Float(at - low))
        }
    }
}
