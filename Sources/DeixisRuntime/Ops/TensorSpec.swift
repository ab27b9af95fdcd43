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

    /// What a plan may hold: no negative extent and, zeros aside, at most 2^40 elements, so that index arithmetic cannot overflow.
    var isRepresentable: Bool {
        var product = 1
        for extent in shape {
            if extent < 0 { return false }
            let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
            if overflow || next > 1 << 40 { return false }
            product = next
        }
        return element.byteCount != nil
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
