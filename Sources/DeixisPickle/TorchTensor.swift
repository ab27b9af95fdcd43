import DeixisFiles

/// Element types of PyTorch's storages.
public enum TorchScalar: String, Sendable {
    case float32, float64, float16, bfloat16, int64, int32, int16, int8, uint8, bool

    static let storages: [String: TorchScalar] = [
        "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
        "LongStorage": .int64,
        "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
    ]

    public var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Element `index`, rounded to float.
    func float(_ raw: UnsafeRawBufferPointer, _ index: Int) -> Float {
        func load<T: FixedWidthInteger>(_: T.Type) -> T {
            T(littleEndian: raw.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self))
        }
        return switch self {
        case .float32: Float(bitPattern: load(UInt32.self))
        case .float64: Float(Double(bitPattern: load(UInt64.self)))
        case .float16: Float(Float16(bitPattern: load(UInt16.self)))
        case .bfloat16: Float(bitPattern: UInt32(load(UInt16.self)) << 16)
        case .int64: Float(load(Int64.self))
        case .int32: Float(load(Int32.self))
        case .int16: Float(load(Int16.self))
        case .int8: Float(load(Int8.self))
        case .uint8, .bool: Float(load(UInt8.self))
        }
    }
}

/// Where a tensor's elements lie: element (i, j, ...) is `offset + i * strides[0] + j * strides[1] + ...` of its
/// storage.
public struct TorchTensor: Sendable, Equatable {
    public let storage: String
    public let scalar: TorchScalar
    public let offset: Int
    public let shape: [Int]
    public let strides: [Int]
}

extension PickleTree {
    /// A storage's key and element type, from `('storage', type, key, place, count, ...)`.
    func storage(_ value: PickleValue) -> (key: String, scalar: TorchScalar)? {
        guard let parts = persistentID(value).flatMap(elements), parts.count >= 5, text(parts[0]) == "storage",
            let key = text(parts[2]),
            let type = name(parts[1])?.split(separator: ".").last, let scalar = TorchScalar.storages[String(type)]
        else { return nil }
        return (key, scalar)
    }

    /// Bytes an element of each storage takes.
    var storageWidths: [String: Int] {
        var widths: [String: Int] = [:]
        for index in persistentIDs.indices {
            if let (key, scalar) = storage(.persistent(Int32(index))) { widths[key] = scalar.byteCount }
        }
        return widths
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, ...)`, also inside `_rebuild_parameter(tensor, ...)`.
    public func tensor(_ value: PickleValue) -> TorchTensor? {
        guard let object = object(value), let name = name(object.callee), let arguments = elements(object.arguments)
        else { return nil }
        if name == "torch._utils._rebuild_parameter" { return arguments.first.flatMap(tensor) }
        guard name.hasPrefix("torch._utils._rebuild_tensor"), arguments.count >= 4, let storage = storage(arguments[0]),
            let offset = integer(arguments[1]), let shape = integers(arguments[2]), let strides = integers(arguments[3])
        else { return nil }
        return TorchTensor(storage: storage.key, scalar: storage.scalar, offset: offset, shape: shape, strides: strides)
    }

    private func integers(_ value: PickleValue) -> [Int]? {
        guard let elements = elements(value) else { return nil }
        let numbers = elements.compactMap(integer)
        return numbers.count == elements.count ? numbers : nil
    }
}

extension TorchFile {
    /// The tensors of a state dictionary, in its order.
    public func tensors(in value: PickleValue) -> [(name: String, tensor: TorchTensor)] {
        (tree.entries(value) ?? []).compactMap { entry in
            guard let name = tree.text(entry.key), let tensor = tree.tensor(entry.value) else { return nil }
            return (name, tensor)
        }
    }

    /// Elements in row-major order, as floats.
    public func values(of tensor: TorchTensor, named name: String) throws(PickleError) -> [Float] {
        func malformed(_ expected: String, _ found: String) -> PickleError {
            .malformed(path: path, offset: 0, expected: "tensor \(name): " + expected, found: found)
        }
        guard let place = storages[tensor.storage] else {
            throw malformed("its storage '\(tensor.storage)'", "none of that name")
        }
        let width = tensor.scalar.byteCount, room = place.count / width
        // The last element's place, in checked arithmetic; strides may be 0 and shared.
        var count = 1, last = tensor.offset, isInside = tensor.offset >= 0 && tensor.shape.count == tensor.strides.count
        for (extent, stride) in zip(tensor.shape, tensor.strides) {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            let (reach, overflow2) = max(extent - 1, 0).multipliedReportingOverflow(by: stride)
            let (sum, overflow3) = last.addingReportingOverflow(reach)
            isInside =
                isInside && extent >= 0 && stride >= 0 && !overflow && !overflow2 && !overflow3 && product <= 1 << 32
            (count, last) = (product, sum)
            guard isInside else { break }
        }
        guard isInside, count == 0 || last < room else {
            throw malformed(
                "elements inside a storage of \(room)",
                "shape \(tensor.shape), strides \(tensor.strides), offset \(tensor.offset)")
        }
        guard count > 0 else { return [] }
        let bytes = try Self.bytes(
            file, place.lowerBound + tensor.offset * width..<place.lowerBound + (last + 1) * width)
        return bytes.withUnsafeBytes { raw in
            var result: [Float] = []
            result.reserveCapacity(count)
            var index = [Int](repeating: 0, count: tensor.shape.count), at = 0
            for _ in 0..<count {
                result.append(tensor.scalar.float(raw, at))
                var axis = tensor.shape.count - 1
                while axis >= 0 {
                    index[axis] += 1
                    at += tensor.strides[axis]
                    if index[axis] < tensor.shape[axis] { break }
                    at -= index[axis] * tensor.strides[axis]
                    index[axis] = 0
                    axis -= 1
                }
            }
            return result
        }
    }
}
