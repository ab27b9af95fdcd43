import DeixisGraph

// Padded tokens are dropped, not masked: where `Padding` proves that they cannot reach an output, the graph runs at the
// shorter length.

extension Session {
    /// Whether input shapes `short` give the outputs that `long` give, where the last tokens of `long` are padding:
    /// input `mask` is 0 there, and whatever else is cut off does not count. Then `prepare(short)` is allowed even
    /// where the file states the long shapes.
    public func mayDropPadding(from long: [[Int]], to short: [[Int]], mask: Int) -> Bool {
        if let known = plans.proof(from: long, to: short, mask: mask) { return known }
        if model.compiled != nil { return false }
        let types = inputTypes
        func specs(_ shapes: [[Int]]) -> [TensorSpec] { zip(types, shapes).map { TensorSpec($0.element, $1) } }
        var holds = false
        do throws(RuntimeError) {
            holds = try Padding.isUnused(portable, long: specs(long), short: try specialize(specs(short)), mask: mask)
        } catch {
            // Memory will be there another time.
            if case .outOfMemory = error { return false }
        }
        plans.add((long, short, mask, holds))
        return holds
    }

    /// The inputs without tokens that a mask among them calls padding. Lengths are rounded up to a multiple of 4: few
    /// plans serve all. Of many masks a few are tried, for each costs a look at the whole graph.
    func withoutPadding(_ inputs: [Constant]) throws(RuntimeError) -> [Constant] {
        guard options.optimize, options.dropPadding else { return inputs }
        try check(inputs.map { TensorSpec($0) })
        let types = inputTypes
        var tried = 0
        for (position, mask) in inputs.enumerated() where tried < 8 {
            guard mask.shape.count == 2, mask.shape[1] > 4, let real = Padding.realLength(mask) else { continue }
            let length = mask.shape[1], kept = (real + 3) & ~3
            if kept >= length { continue }
            tried += 1
            let short = inputs.enumerated().map { i, input in
                sharesLength(i, position, inputs, types) ? [input.shape[0], kept] : input.shape
            }
            guard mayDropPadding(from: inputs.map { $0.shape }, to: short, mask: position) else { continue }
            var cut: [Constant] = []
            for (input, shape) in zip(inputs, short) {
                cut.append(input.shape == shape ? input : try Padding.prefix(input, columns: kept))
            }
            return cut
        }
        return inputs
    }

    /// Whether input `i` is per token as `mask` is: integers [batch, length], by the file's symbol or, where it states
    /// numbers, by extent.
    private func sharesLength(_ i: Int, _ mask: Int, _ inputs: [Constant], _ types: [TensorType]) -> Bool {
        guard inputs[i].shape.count == 2, inputs[i].shape[1] == inputs[mask].shape[1] else { return false }
        if i == mask { return true }
        guard let a = types[i].shape?.last, let b = types[mask].shape?.last, a == b else { return false }
        return inputs[i].integers != nil
    }
}

extension Padding {
    /// One past the last 1 of any row of a mask [batch, length] of zeros and ones, 1 somewhere in every row; nil for
    /// anything else.
    static func realLength(_ mask: Constant) -> Int? {
        guard mask.shape.count == 2, mask.type != .int8, let values = mask.integers else { return nil }
        let length = mask.shape[1]
        var longest = 0
        for row in 0..<mask.shape[0] {
            var real = 0
            for i in 0..<length {
                let value = values[row * length + i]
                guard value == 0 || value == 1 else { return nil }
                if value == 1 { real = i + 1 }
            }
            if real == 0 { return nil }
            longest = max(longest, real)
        }
        return longest > 0 ? longest : nil
    }

    /// The first columns of a matrix.
    static func prefix(_ matrix: Constant, columns: Int) throws(RuntimeError) -> Constant {
        let size = matrix.type.byteCount ?? 1, rows = matrix.shape[0], length = matrix.shape[1], source = matrix.bytes
        let target = try MutableBytes(byteCount: rows * columns * size)
        for row in 0..<rows {
            let from = UnsafeRawBufferPointer(rebasing: source[row * length * size..<(row * length + columns) * size])
            UnsafeMutableRawBufferPointer(start: target.pointer + row * columns * size, count: columns * size)
                .copyMemory(from: from)
        }
        return Constant(
            type: matrix.type, shape: [rows, columns], storage: target.storage(), range: 0..<rows * columns * size)
    }
}
