import DeixisGraph
import DeixisRuntime

/// Loads, plans and runs a model as hosts do, within limits that keep one input to milliseconds.
public enum TriedModel {
    /// How far a model came: a fuzzer whose inputs are all refused at the door finds nothing behind it.
    public enum Reach: Int, Comparable, Sendable {
        case refused, loaded, ran
        public static func < (a: Reach, b: Reach) -> Bool { a.rawValue < b.rawValue }
    }

    static var limits: Limits {
        var limits = Limits()
        (limits.elements, limits.bytes, limits.nodes) = (1 << 18, 1 << 20, 1 << 10)
        (limits.macs, limits.tableEntries, limits.plannedBytes, limits.rewriteSteps) = (
            1 << 22, 1 << 16, 1 << 24, 1 << 12
        )
        return limits
    }

    /// - Parameter mode: which of the ways to run; any number.
    @discardableResult
    static func run(onnx bytes: [UInt8], mode: Int) -> Reach {
        guard let storage = storage(bytes), let model = try? Model.load(storage, limits: limits)
        else { return .refused }
        return run(model, mode: mode)
    }

    /// Whether the model's shapes fit, as references see it.
    static func isPlanned(onnx bytes: [UInt8]) -> Bool {
        var options = SessionOptions()
        (options.limits, options.threads, options.optimize) = (limits, 1, false)
        guard let storage = storage(bytes), let model = try? Model.load(storage, limits: limits),
            let session = try? Session(model, options: options)
        else { return false }
        return (try? session.makeContext().prepare(shapes(session))) != nil
    }

    private static func storage(_ bytes: [UInt8]) -> ByteStorage? {
        try? ByteStorage(
            byteCount: bytes.count, initialize: { target in bytes.withUnsafeBytes { target.copyMemory(from: $0) } })
    }

    private static func shapes(_ session: Session) -> [[Int]] {
        session.inputTypes.map { type in (type.shape ?? [.fixed(2), .fixed(3)]).map(extent) }
    }

    @discardableResult
    static func run(_ model: Model, mode: Int) -> Reach {
        var options = SessionOptions()
        options.limits = limits
        options.threads = mode & 1 == 0 ? 1 : 2
        if model.compilation == nil {
            options.optimize = mode & 6 != 2
            options.referenceOnly = mode & 6 == 4
        }
        guard let session = try? Session(model, options: options) else { return .loaded }
        let types = session.inputTypes
        var shapes = Self.shapes(session)
        if let compiled = model.compilation?.shapes, !compiled.isEmpty { shapes = compiled[mode / 16 % compiled.count] }
        let byteCounts = zip(types, shapes).map { type, shape in
            shape.reduce(type.element.byteCount ?? 0) { $0.multipliedClamped(by: $1) }
        }
        guard byteCounts.count == types.count, byteCounts.allSatisfy({ (0...1 << 20).contains($0) }) else {
            return .loaded
        }
        if mode & 8 == 0 {
            let inputs = zip(zip(types, shapes), byteCounts).enumerated().map { i, what in
                (name: session.inputNames[i], tensor: tensor(what.0.0.element, what.0.1, what.1))
            }
            _ = try? session.run(inputs)
            return (try? session.run(inputs)) == nil ? .loaded : .ran
        } else {
            let context = session.makeContext()
            do {
                try context.prepare(shapes, keeping: shapes.isEmpty ? [] : [0])
                for i in types.indices {
                    try fill(context.inputBuffer(i), types[i].element)
                }
                try context.runKept()
                let kept = try context.copyKept()
                try context.runChanged()
                if let kept { try context.restoreKept(kept) }
                try context.runChanged(before: Deadline(milliseconds: 1000))
                return .ran
            } catch {
                return .loaded
            }
        }
    }

    private static func extent(_ dimension: Dimension) -> Int {
        switch dimension {
        case .fixed(let extent): extent
        case .symbol: 3
        case .unknown: 2
        }
    }

    private static func tensor(_ element: ElementType, _ shape: [Int], _ byteCount: Int) -> Constant {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        bytes.withUnsafeMutableBytes { fill($0, element) }
        return Constant(element, shape, bytes)
    }

    /// Small numbers, both signs.
    private static func fill(_ target: UnsafeMutableRawBufferPointer, _ element: ElementType) {
        func put<T: BitwiseCopyable>(_ value: (Int) -> T) {
            let size = MemoryLayout<T>.stride
            for i in 0..<target.count / size { target.storeBytes(of: value(i), toByteOffset: i * size, as: T.self) }
        }
        switch element {
        case .float32: put { Float($0 * 7 % 13 - 6) / 4 }
        case .float64: put { Double($0 * 7 % 13 - 6) / 4 }
        case .int64, .uint64: put { Int64($0 * 7 % 5 - 1) }
        case .int32, .uint32: put { Int32($0 * 7 % 5 - 1) }
        case .float16, .int16, .uint16, .bfloat16: put { Int16(truncatingIfNeeded: $0 * 0x1357) }
        case .bool: put { UInt8($0 & 1) }
        case .uint8, .int8, .string: put { UInt8(truncatingIfNeeded: $0 * 41) }
        }
    }
}
