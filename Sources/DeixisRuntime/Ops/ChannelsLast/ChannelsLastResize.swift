import CDeixisKernels
import DeixisGraph

/// Resize by nearest or linear interpolation on images whose channels lie innermost.
///
/// X [batch, H, W, C], Y [batch, H', W', C]; attributes `sizes` [H', W'], `scales` [sH, sW] where the file gives
/// scales, and ONNX's `mode`, `coordinate_transformation_mode` and `nearest_mode`. Each output row and column has two
/// taps: y = (1 - w) x[low] + w x[high].
enum ChannelsLastResize {
    static let definition = OperatorDefinition(
        "Resize", domain: .deixis, inputs: 1...1, types: [.float32, .uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0)
            guard x.rank == 4, let sizes = try call.ints("sizes"), sizes.count == 2 else {
                throw call.invalid("expected an image and its sizes")
            }
            return [TensorSpec(x.element, [x.shape[0], sizes[0], sizes[1], x.shape[3]])]
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let x = try call.input(0), y = call.output(), rows = try taps(call, axis: 0),
                columns = try taps(call, axis: 1)
            if x.element == .uint8 { return try ReferenceKernel.compute(call, lower) }
            return { buffers in
                let from = buffers.input(0, Float.self), to = buffers.output(0, Float.self)
                let channels = x.shape[3]
                var at = 0
                for b in 0..<y.shape[0] {
                    for row in rows {
                        for column in columns {
                            for c in 0..<channels {
                                func value(_ iy: UInt32, _ ix: UInt32) -> Double {
                                    Double(from[((b * x.shape[1] + Int(iy)) * x.shape[2] + Int(ix)) * channels + c])
                                }
                                func mix(_ iy: UInt32) -> Double {
                                    column.weight == 0
                                        ? value(iy, column.low)
                                        : (1 - Double(column.weight)) * value(iy, column.low) + Double(column.weight)
                                            * value(iy, column.high)
                                }
                                to[at] = Float(
                                    row.weight == 0
                                        ? mix(row.low)
                                        : (1 - Double(row.weight)) * mix(row.low) + Double(row.weight) * mix(row.high))
                                at += 1
                            }
                        }
                    }
                }
            }
        },
        lower: lower)

    private static let lower: Lowerings.Lower = {
        (call: OperatorCall, lowering: Lowering) throws(RuntimeError) -> Kernel? in
        let x = try call.input(0), y = call.output()
        let rows = Taps(try taps(call, axis: 0)), columns = Taps(try taps(call, axis: 1))
        let count = y.shape[0] * y.shape[1], tasks = lowering.tasks(count, grain: 1), channels = x.shape[3]
        func shape() -> deixis_resize_f32_shape {
            deixis_resize_f32_shape(
                batch: x.shape[0], in_h: x.shape[1], in_w: x.shape[2], channels: channels, out_h: y.shape[1],
                out_w: y.shape[2],
                x_stride: channels, y_stride: channels, rows: rows.pointer, columns: columns.pointer)
        }
        if x.element == .uint8 {
            guard try call.string("mode", default: "nearest") == "nearest" else {
                throw call.invalid("stored images resize by nearest only")
            }
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

    /// Two taps an output: all that nearest and linear have where nothing is antialiased.
    private static func taps(_ call: OperatorCall, axis: Int) throws(RuntimeError) -> [deixis_resize_tap] {
        let input = try call.input(0).shape[axis + 1]
        guard let sizes = try call.ints("sizes"), sizes.count == 2, sizes[axis] >= 0, input > 0, input <= UInt32.max
        else {
            throw call.invalid("attribute 'sizes' is missing")
        }
        try call.checkTable(sizes[axis])
        var scale = ResizeAxis.scale(sizes[axis], input)
        if let scales = try call.floats("scales") {
            guard scales.count == 2, scales[axis] > 0, scales[axis].isFinite else {
                throw call.invalid("attribute 'scales' is no pair of scales")
            }
            scale = Double(scales[axis])
        }
        let table = ResizeAxis(
            try Resize.rule(call), input: input, output: sizes[axis], scale: scale, roi: (start: 0, end: 1))
        return table.ranges.map { range in
            let last = range.upperBound - 1, weight = range.count == 1 ? 0 : Float(table.weights[last])
            return deixis_resize_tap(
                low: UInt32(table.sources[range.lowerBound]), high: UInt32(table.sources[last]), weight: weight)
        }
    }
}
