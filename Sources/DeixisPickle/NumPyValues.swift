/// Numbers of NumPy inside pickles, read from what their constructors would be given.
extension PickleTree {
    /// Names that pickles of NumPy numbers hold; NumPy 2 renamed the module.
    public static let numPyGlobals: Set<String> = [
        "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.core.multiarray._reconstruct",
        "numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype", "_codecs.encode",
    ]

    /// `scalar(dtype, bytes)`.
    func numPyScalar(_ value: PickleValue) -> Double? {
        guard let object = object(value), name(object.callee)?.hasSuffix("multiarray.scalar") == true,
            let arguments = elements(object.arguments), arguments.count == 2, let kind = numPyType(arguments[0]),
            let bytes = bytes(arguments[1]), bytes.count == kind.size
        else { return nil }
        return kind.number(bytes[...])
    }

    /// `_reconstruct(ndarray, (0,), b'b')` with the state `(version, shape, dtype, is_fortran, bytes)`, or a list or
    /// tuple of numbers.
    public func numbers(_ value: PickleValue) -> [Double]? {
        if let elements = elements(value) {
            var result: [Double] = []
            for element in elements {
                guard let number = number(element) else { return nil }
                result.append(number)
            }
            return result
        }
        guard let object = object(value), name(object.callee)?.hasSuffix("multiarray._reconstruct") == true,
            let state = object.state.flatMap(elements), state.count == 5, let shape = numbers(state[1]),
            shape.count == 1,
            let kind = numPyType(state[2]), let bytes = bytes(state[4]), bytes.count % kind.size == 0,
            shape[0] == Double(bytes.count / kind.size)
        else { return nil }
        return stride(from: 0, to: bytes.count, by: kind.size).map { kind.number(bytes[$0..<$0 + kind.size]) }
    }

    private struct NumPyType {
        let kind: Character
        let size: Int
        let isBig: Bool

        func number(_ bytes: ArraySlice<UInt8>) -> Double {
            let bits = (isBig ? Array(bytes) : bytes.reversed()).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            switch (kind, size) {
            case ("f", 8): return Double(bitPattern: bits)
            case ("f", _): return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
            case ("i", _):
                let shift = 64 - 8 * size
                return Double(Int64(bitPattern: bits << UInt64(shift)) >> Int64(shift))
            default: return Double(bits)
            }
        }
    }

    /// `dtype('f8', 0, 1)` with the state `(3, '<', ...)`.
    private func numPyType(_ value: PickleValue) -> NumPyType? {
        guard let object = object(value), name(object.callee) == "numpy.dtype",
            let code = elements(object.arguments)?.first.flatMap({
                text($0) ?? bytes($0).map { String(decoding: $0, as: UTF8.self) }
            }),
            let kind = code.first, let size = Int(code.dropFirst())
        else { return nil }
        let order = object.state.flatMap(elements).flatMap { $0.count > 1 ? text($0[1]) : nil }
        guard kind == "f" ? [4, 8].contains(size) : ["i", "u", "b"].contains(kind) && [1, 2, 4, 8].contains(size) else {
            return nil
        }
        return NumPyType(kind: kind, size: size, isBig: order == ">")
    }
}
