import DeixisGraph

/// A tensor's element type and concrete shape. Every value of a plan has one.
struct TensorSpec: Equatable, Sendable {
    var element: ElementType
    var shape: [Int]

    init(_ element: ElementType, _ shape: [Int]) {
        self.element = element
        self.shape = shape
    }

    var rank: Int { shape.count }
    var count: Int { shape.reduce(1, *) }
    var byteCount: Int { count * (element.byteCount ?? 0) }

    /// The door every specification of a plan comes through: its extents are a shape, and no string is among its
    /// elements.
    func check(_ limits: Limits) throws(ShapeError) { _ = try Shape(shape, of: element, limits: limits) }

    /// Whether `check` lets it pass whatever the limits.
    var isRepresentable: Bool {
        do throws(ShapeError) { try check(Limits()) } catch { return false }
        return element.byteCount != nil
    }
}

extension Constant {
    /// A constant that owns a copy of `bytes`, which are as many as `spec` says.
    init(_ spec: TensorSpec, copying bytes: UnsafeRawBufferPointer) throws(RuntimeError) {
        do throws(OutOfMemory) {
            let storage = try ByteStorage(byteCount: bytes.count) { $0.copyMemory(from: bytes) }
            self.init(type: spec.element, shape: spec.shape, storage: storage, range: 0..<bytes.count)
        } catch {
            throw RuntimeError(error)
        }
    }
}

extension TensorSpec {
    init(_ constant: Constant) { self.init(constant.type, constant.shape) }

    /// nil unless every extent is fixed.
    init?(_ type: TensorType?) {
        guard let type, let dimensions = type.shape else { return nil }
        var shape: [Int] = []
        shape.reserveCapacity(dimensions.count)
        for dimension in dimensions {
            guard case .fixed(let extent) = dimension else { return nil }
            shape.append(extent)
        }
        self.init(type.element, shape)
    }

    var type: TensorType { TensorType(element, shape.map { .fixed($0) }) }
}
