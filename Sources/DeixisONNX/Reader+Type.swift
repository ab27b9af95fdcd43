import DeixisGraph

extension Reader {
    /// `ValueInfoProto`: a name and, for tensors, a type.
    func valueInfo(_ range: Range<Int>) throws(ONNXError) -> (name: Name, type: TensorType?) {
        var wire = wire(range)
        var valueName: Name = ""
        var type: TensorType?
        var typeRange: Range<Int>?
        while let field = try next(&wire, "ValueInfoProto") {
            switch field.number {
            case 1: valueName = try name(field, "ValueInfoProto.name")
            case 2: typeRange = try self.range(field, "ValueInfoProto.type")
            default: break
            }
        }
        if let typeRange { type = try tensorType(typeRange, of: valueName) }
        return (valueName, type)
    }

    /// `TypeProto`; sequences, maps, optionals and sparse tensors are refused.
    private func tensorType(_ range: Range<Int>, of value: Name) throws(ONNXError) -> TensorType? {
        var outer = wire(range)
        while let field = try next(&outer, "TypeProto") {
            switch field.number {
            case 1:
                var wire = wire(try self.range(field, "TypeProto.tensor_type"))
                var element = 0
                var shape: [Dimension]?
                while let field = try next(&wire, "TypeProto.Tensor") {
                    switch field.number {
                    case 1: element = try int(field, "TypeProto.Tensor.elem_type")
                    case 2: shape = try dimensions(try self.range(field, "TypeProto.Tensor.shape"), of: value)
                    default: break
                    }
                }
                if element == 0 { return nil }
                guard let known = elementType(element) else {
                    throw .unsupported(file: file, reason: "value '\(value)' has element type \(element)")
                }
                return TensorType(known, shape)
            case 4, 5, 8, 9:
                throw .unsupported(file: file, reason: "value '\(value)' is not a tensor")
            default: break
            }
        }
        return nil
    }

    /// `TensorShapeProto`
    private func dimensions(_ range: Range<Int>, of value: Name) throws(ONNXError) -> [Dimension] {
        var wire = wire(range)
        var result: [Dimension] = []
        while let field = try next(&wire, "TensorShapeProto") {
            guard field.number == 1 else { continue }
            var inner = self.wire(try self.range(field, "TensorShapeProto.dim"))
            var dimension = Dimension.unknown
            while let field = try next(&inner, "TensorShapeProto.Dimension") {
                switch field.number {
                case 1:
                    let extent = try int(field, "TensorShapeProto.Dimension.dim_value")
                    dimension = extent < 0 ? .unknown : .fixed(extent)
                case 2:
                    let symbol = try name(field, "TensorShapeProto.Dimension.dim_param")
                    dimension = symbol.isEmpty ? .unknown : .symbol(symbol)
                default: break
                }
            }
            result.append(dimension)
        }
        // A stated extent is a claim, to be checked against what is inferred and given; what no tensor can have is
        // refused here.
        try check(.rank, result.count, limit: limits.rank, "value '\(value)'")
        for case .fixed(let extent) in result {
            try check(.elements, extent, limit: limits.elements, "value '\(value)'")
        }
        return result
    }
}
