import DeixisGraph

extension Reader {
    /// `TensorProto`. `raw_data` and external data stay views; typed lists (`float_data`, ...) are copied, as they must
    /// be.
    mutating func tensor(_ range: Range<Int>) throws(ONNXError) -> (name: Name, constant: Constant) {
        var wire = wire(range)
        var dims: [Int64] = []
        var type: Int?
        var tensorName: Name = ""
        var raw: Range<Int>?
        var floats: [Float] = [], doubles: [Double] = []
        var int32s: [Int64] = [], int64s: [Int64] = [], uint64s: [Int64] = []
        var isExternal = false
        var place: [(key: Name, value: Name)] = []
        while let field = try next(&wire, "TensorProto") {
            switch field.number {
            case 1: try append(field, "TensorProto.dims", to: &dims)
            case 2: type = try int(field, "TensorProto.data_type")
            case 3: throw .unsupported(file: file, reason: "tensor '\(tensorName)' comes in segments")
            case 4: try append(field, "TensorProto.float_data", to: &floats)
            case 5: try append(field, "TensorProto.int32_data", to: &int32s)
            case 7: try append(field, "TensorProto.int64_data", to: &int64s)
            case 8: tensorName = try name(field, "TensorProto.name")
            case 9: raw = try self.range(field, "TensorProto.raw_data")
            case 10: try append(field, "TensorProto.double_data", to: &doubles)
            case 11: try append(field, "TensorProto.uint64_data", to: &uint64s)
            case 13: place.append(try stringPair(try self.range(field, "TensorProto.external_data")))
            case 14: isExternal = try int(field, "TensorProto.data_location") == 1
            default: break
            }
        }
        guard let type, let element = elementType(type) else {
            throw .unsupported(file: file, reason: "tensor '\(tensorName)' has element type \(type ?? 0)")
        }
        guard let size = element.byteCount else {
            throw .unsupported(file: file, reason: "tensor '\(tensorName)' has element type \(element.label)")
        }
        let checked: Shape
        do throws(ShapeError) { checked = try Shape(dims.map { Int(clamping: $0) }, of: element, limits: limits) } catch
        {
            if case .limit(let limit) = error { throw .limit(file: file, what: "tensor '\(tensorName)'", limit) }
            throw .invalid(file: file, reason: "tensor '\(tensorName)' \(error.message)")
        }
        let (shape, count) = (checked.extents, checked.count)
        if isExternal {
            return (tensorName, try externalTensor(tensorName, element, shape, count * size, place))
        }
        if let raw {
            guard raw.count == count * size else {
                throw .invalid(
                    file: file,
                    reason: "tensor '\(tensorName)' has \(raw.count) bytes, its shape asks for \(count * size)")
            }
            return (tensorName, Constant(type: element, shape: shape, storage: storage, range: raw))
        }
        /// Integers as they come, low bytes of each.
        func cut<T: FixedWidthInteger & BitwiseCopyable>(_ list: [Int64], to: T.Type) throws(OutOfMemory) -> Constant {
            let storage = try ByteStorage(byteCount: list.count * size) { target in
                for i in list.indices {
                    target.storeBytes(of: T(truncatingIfNeeded: list[i]), toByteOffset: i * size, as: T.self)
                }
            }
            return Constant(type: element, shape: shape, storage: storage, range: 0..<list.count * size)
        }
        let constant: Constant
        do throws(OutOfMemory) {
            switch element {
            case .float32: constant = try Constant(element, shape, copying: floats)
            case .float64: constant = try Constant(element, shape, copying: doubles)
            case .int64: constant = try Constant(element, shape, copying: int64s)
            case .uint32: constant = try cut(uint64s, to: UInt32.self)
            case .uint64: constant = try Constant(element, shape, copying: uint64s)
            default:
                switch size {
                case 1: constant = try cut(int32s, to: UInt8.self)
                case 2: constant = try cut(int32s, to: UInt16.self)
                default: constant = try cut(int32s, to: UInt32.self)
                }
            }
        } catch {
            throw .outOfMemory(file: file, error)
        }
        guard constant.range.count == count * size else {
            throw .invalid(
                file: file,
                reason:
                    "tensor '\(tensorName)' has \(constant.range.count / size) elements, its shape asks for \(count)")
        }
        return (tensorName, constant)
    }

    /// Data in a file of its own, inside the model's folder.
    private mutating func externalTensor(
        _ name: Name, _ element: ElementType, _ shape: [Int], _ byteCount: Int, _ place: [(key: Name, value: Name)]
    ) throws(ONNXError) -> Constant {
        var location: Name?
        var offset = 0, length: Int?
        for (key, value) in place {
            switch key {
            case "location": location = value
            case "offset": offset = try number(value, name)
            case "length": length = try number(value, name)
            default: break
            }
        }
        guard let location, !location.isEmpty else {
            throw .invalid(file: file, reason: "tensor '\(name)' lies in another file, but does not say which")
        }
        guard let folder else {
            throw .unsupported(
                file: file, reason: "tensor '\(name)' lies in another file and the model was given as bytes")
        }
        guard isInsideFolder(location) else {
            throw .invalid(
                file: file, reason: "tensor '\(name)' lies in '\(location)', which is outside the model's folder")
        }
        let path = folder + "\(location)"
        let bytes: ByteStorage
        if let known = external[location] {
            bytes = known
        } else {
            bytes = try mapFile(path)
            external[location] = bytes
        }
        guard length == nil || length == byteCount else {
            throw .invalid(
                file: file,
                reason: "tensor '\(name)' has \(length ?? 0) bytes in '\(location)', its shape asks for \(byteCount)")
        }
        guard offset <= bytes.bytes.count, byteCount <= bytes.bytes.count - offset else {
            throw .invalid(
                file: path,
                reason:
                    "tensor '\(name)' ends at byte \(offset.addingClamped(byteCount)), the file has \(bytes.bytes.count)"
            )
        }
        return Constant(type: element, shape: shape, storage: bytes, range: offset..<offset + byteCount)
    }

    /// A decimal number that a file's size may have.
    private func number(_ text: Name, _ tensor: Name) throws(ONNXError) -> Int {
        var value = 0
        for byte in text.bytes {
            guard byte >= 48, byte <= 57 else {
                throw .invalid(file: file, reason: "tensor '\(tensor)' has the place '\(text)'")
            }
            value = value.multipliedClamped(by: 10).addingClamped(Int(byte - 48))
        }
        return value
    }

    /// Relative, without `..` and without bytes no path has.
    private func isInsideFolder(_ location: Name) -> Bool {
        if location.bytes.first == 0x2F || location.bytes.contains(0) { return false }
        return !location.bytes.split(separator: 0x2F).contains { $0.count == 2 && $0.allSatisfy { $0 == 0x2E } }
    }

    /// `StringStringEntryProto`
    func stringPair(_ range: Range<Int>) throws(ONNXError) -> (key: Name, value: Name) {
        var wire = wire(range)
        var key: Name = "", value: Name = ""
        while let field = try next(&wire, "StringStringEntryProto") {
            switch field.number {
            case 1: key = try name(field, "StringStringEntryProto.key")
            case 2: value = try name(field, "StringStringEntryProto.value")
            default: break
            }
        }
        return (key, value)
    }
}
