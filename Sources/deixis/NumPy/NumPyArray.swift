import DeixisGraph

/// An array as a `.npy` file holds it, turned to row-major little-endian on reading.
///
/// Format: NumPy's `numpy.lib.format`, versions 1 to 3: the magic `\x93NUMPY`, major and minor version, the header's
/// length (2 bytes, from version 2 on 4), the header as a Python dictionary of literals, then the elements.
struct NumPyArray {
    var type: ElementType
    var shape: [Int]
    var bytes: [UInt8]

    /// The element types in NumPy's spelling. bfloat16 has none of its own: the `ml_dtypes` package stores it as opaque
    /// `V2`.
    private static let kinds: [(descriptor: String, type: ElementType)] = [
        ("f4", .float32), ("f8", .float64), ("f2", .float16), ("V2", .bfloat16), ("b1", .bool),
        ("u1", .uint8), ("i1", .int8), ("u2", .uint16), ("i2", .int16), ("u4", .uint32), ("i4", .int32),
        ("u8", .uint64), ("i8", .int64),
    ]

    init(type: ElementType, shape: [Int], bytes: [UInt8]) {
        self.type = type
        self.shape = shape
        self.bytes = bytes
    }

    // MARK: - Reading

    init(file: [UInt8]) throws(NumPyError) {
        let (text, start) = try Self.headerText(file)
        let header = try NumPyHeader(text: text)
        let (type, bigEndian) = try Self.elementType(header.descriptor)
        let size = type.byteCount ?? 1
        let byteCount: Int
        do throws(ShapeError) { byteCount = try Shape(header.shape, of: type).count * size } catch {
            throw .header("the shape \(header.shape) \(error.message)")
        }
        guard file.count - start == byteCount else {
            throw .size(type: type, shape: header.shape, expected: byteCount, got: file.count - start)
        }
        self.init(type: type, shape: header.shape, bytes: Array(file[start...]))
        if bigEndian && size > 1 { swapBytes(size) }
        if header.isFortranOrder { transposeFromFortran(size) }
    }

    private static func headerText(_ file: [UInt8]) throws(NumPyError) -> (text: ArraySlice<UInt8>, end: Int) {
        guard file.starts(with: [0x93] + Array("NUMPY".utf8)) else { throw .notNumPy }
        guard file.count >= 10 else { throw .truncatedHeader }
        let major = file[6]
        guard (1...3).contains(major), file[7] == 0 else { throw .version(major: Int(major), minor: Int(file[7])) }
        let start = major == 1 ? 10 : 12
        guard file.count >= start else { throw .truncatedHeader }
        let length = file[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= file.count - start else { throw .truncatedHeader }
        guard length <= 1 << 16 else { throw .header("it is \(length) bytes long") }
        return (file[start..<start + length], start + length)
    }

    private static func elementType(_ descriptor: String) throws(NumPyError) -> (ElementType, bigEndian: Bool) {
        guard let order = descriptor.first, "<>=|".contains(order),
            let found = kinds.first(where: { $0.descriptor == descriptor.dropFirst() })
        else { throw .elementType(descriptor) }
        return (found.type, order == ">")
    }

    private mutating func swapBytes(_ size: Int) {
        for start in stride(from: 0, to: bytes.count, by: size) {
            for i in 0..<size / 2 { bytes.swapAt(start + i, start + size - 1 - i) }
        }
    }

    /// First index fastest -> last index fastest.
    private mutating func transposeFromFortran(_ size: Int) {
        guard shape.count > 1, !bytes.isEmpty else { return }
        var strides: [Int] = []
        var stride = size
        for extent in shape {
            strides.append(stride)
            stride *= extent
        }
        var result = [UInt8](repeating: 0, count: bytes.count)
        var index = [Int](repeating: 0, count: shape.count)
        var source = 0
        for target in Swift.stride(from: 0, to: bytes.count, by: size) {
            for i in 0..<size { result[target + i] = bytes[source + i] }
            var axis = shape.count - 1
            while axis >= 0 {
                index[axis] += 1
                source += strides[axis]
                if index[axis] < shape[axis] { break }
                source -= strides[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
        }
        bytes = result
    }

    // MARK: - Writing

    /// Version 1 (2 where the header needs it), C order, the elements starting at a multiple of 64 bytes.
    ///
    /// - Precondition: `type` is not `string`.
    func encoded() -> [UInt8] {
        let kind = Self.kinds.first { $0.type == type }?.descriptor ?? ""
        let order = type.byteCount == 1 ? "|" : "<"
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var header = Array("{'descr': '\(order)\(kind)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
        let wide = header.count + 64 > Int(UInt16.max)
        let prefix = wide ? 12 : 10
        let padding = 63 - (prefix + header.count) % 64
        header += [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
        var file: [UInt8] = [0x93] + Array("NUMPY".utf8) + [wide ? 2 : 1, 0]
        for i in 0..<(wide ? 4 : 2) { file.append(UInt8(truncatingIfNeeded: header.count >> (8 * i))) }
        return file + header + bytes
    }
}
