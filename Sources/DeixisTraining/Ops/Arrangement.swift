// Operators that move elements without changing them, and the sum with a table of positions.
import CDeixisTensor
import DeixisGraph

extension Variable {
    /// x[b, t, c] + table[t, c].
    public func adding(positions table: Parameter<Scalar>) -> Variable {
        let (batch, size) = (shape[0], table.count)
        precondition(Array(shape.dropFirst()) == table.shape, "\(table.name) \(table.shape) added to \(shape)")
        let (x, y) = (tensor, Tensor<Scalar>(uninitialized: shape))
        parallelChunks(batch) {
            Scalar.kernels.pointee.add(y.pointer + $0 * size, x.pointer + $0 * size, table.value.pointer, size)
        }
        let (tape, source) = (tape, reference)
        return tape.record(
            "Positions", inputs: [self], parameters: [table], y,
            pullback: { gradient in
                if table.isTrainable {
                    table.accumulateGradient { target, beta in
                        let g = gradient.pointer
                        parallel(size, grain: 1 << 13) { range in
                            if beta == 0 { Scalar.kernels.pointee.fill(target + range.lowerBound, 0, range.count) }
                            for b in 0..<batch {
                                Scalar.kernels.pointee.axpy(
                                    target + range.lowerBound, g + b * size + range.lowerBound, 1, range.count)
                            }
                        }
                    }
                }
                tape.accumulate(gradient, into: source)
            },
            emission: { emitter, values in emitter.node("Add", [values[0], emitter.parameter(table)]) })
    }

    /// Joins along the last axis; the other extents agree.
    public static func concatenatedChannels(_ parts: [Variable]) -> Variable {
        concatenatedChannels(parts, emittedAxis: parts[0].shape.count - 1)
    }

    /// - Parameter emittedAxis: where the graph has the channels: 1 for feature maps.
    static func concatenatedChannels(_ parts: [Variable], emittedAxis: Int) -> Variable {
        concatenated(parts, axis: parts[0].shape.count - 1, emittedAxis: emittedAxis)
    }

    /// Joins [batch, tokens, C] along the tokens.
    public static func concatenatedTokens(_ parts: [Variable]) -> Variable {
        concatenated(parts, axis: 1, emittedAxis: 1)
    }

    private static func concatenated(_ parts: [Variable], axis: Int, emittedAxis: Int) -> Variable {
        if parts.count == 1 { return parts[0] }
        let tape = parts[0].tape
        let outer = parts[0].shape.prefix(axis).reduce(1, *)
        let widths = parts.map { $0.shape.dropFirst(axis).reduce(1, *) }, total = widths.reduce(0, +)
        var shape = parts[0].shape
        shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        let y = Tensor<Scalar>(uninitialized: shape)
        var offset = 0
        let offsets = widths.map { width in
            defer { offset += width }
            return offset
        }
        for (part, (width, offset)) in zip(parts, zip(widths, offsets)) {
            copyColumns(rows: outer, columns: width, part.tensor.pointer, width, y.pointer + offset, total)
        }
        let sources = parts.map(\.reference)
        return tape.record(
            "Concat", inputs: parts, y,
            pullback: { gradient in
                for (source, (width, (offset, part))) in zip(
                    sources, zip(widths, zip(offsets, partShapes(shape, axis, widths))))
                {
                    let piece = Tensor<Scalar>(uninitialized: part)
                    copyColumns(rows: outer, columns: width, gradient.pointer + offset, total, piece.pointer, width)
                    tape.accumulate(piece, into: source)
                }
            },
            emission: { emitter, values in
                emitter.node("Concat", values, attributes: [(name: "axis", value: .int(Int64(emittedAxis)))])
            })
    }

    /// Tokens `range` of [batch, tokens, C]. In the graph the range runs to the end where it ends with the tokens,
    /// since their number may differ there.
    public func tokens(_ range: Range<Int>) -> Variable {
        let (batch, count, width) = (shape[0], shape[1], shape[2]), taken = range.count
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "tokens \(range) of \(count)")
        let (x, y) = (tensor, Tensor<Scalar>(uninitialized: [batch, taken, width]))
        copyColumns(
            rows: batch, columns: taken * width, x.pointer + range.lowerBound * width, count * width, y.pointer,
            taken * width)
        let (tape, source) = (tape, reference)
        return tape.record(
            "Slice", inputs: [self], y,
            pullback: { gradient in
                let dx = Tensor<Scalar>(zeros: [batch, count, width])
                copyColumns(
                    rows: batch, columns: taken * width, gradient.pointer, taken * width,
                    dx.pointer + range.lowerBound * width, count * width)
                tape.accumulate(dx, into: source)
            },
            emission: { emitter, values in
                let end = range.upperBound == count && range.lowerBound > 0 ? Int(Int32.max) : range.upperBound
                return emitter.node(
                    "Slice",
                    [values[0], emitter.integers([range.lowerBound]), emitter.integers([end]), emitter.integers([1])])
            })
    }

    /// Token 0, [CLS]: [batch, tokens, C] -> [batch, C].
    public func firstToken() -> Variable {
        let first = tokens(0..<1)
        let (batch, width) = (shape[0], shape[2])
        let (tape, source) = (tape, first.reference)
        return tape.record(
            "Squeeze", inputs: [first], first.tensor.reshaped([batch, width]),
            pullback: { gradient in tape.accumulate(gradient, into: source) },
            emission: { emitter, values in emitter.node("Squeeze", [values[0], emitter.integers([1])]) })
    }
}

private func partShapes(_ shape: [Int], _ axis: Int, _ widths: [Int]) -> [[Int]] {
    let inner = shape.dropFirst(axis + 1).reduce(1, *)
    return widths.map { width in
        var part = shape
        part[axis] = width / inner
        return part
    }
}

/// Rows of one matrix into rows of another.
func copyColumns<Scalar: Real>(
    rows: Int, columns: Int, _ source: UnsafeMutablePointer<Scalar>, _ sourceStride: Int,
    _ target: UnsafeMutablePointer<Scalar>,
    _ targetStride: Int
) {
    parallel(rows, grain: max(1, 16384 / max(columns, 1))) {
        Scalar.kernels.pointee.copy_columns(
            target + $0.lowerBound * targetStride, targetStride, source + $0.lowerBound * sourceStride, sourceStride,
            $0.count, columns)
    }
}
