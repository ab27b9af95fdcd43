import DeixisGraph

extension Session {
    /// The tensors by position, names checked.
    func order(_ inputs: [(name: Name, tensor: Constant)]) throws(RuntimeError) -> [Constant] {
        let names = inputNames
        for (name, _) in inputs where !names.contains(name) { throw .unknownInput(name, expected: names) }
        var ordered: [Constant] = []
        for name in names {
            guard let found = inputs.first(where: { $0.name == name }) else { throw .missingInput(name, expected: names) }
            ordered.append(found.tensor)
        }
        return ordered
    }

    /// Element types and shapes against what the file states; a symbol means the same extent wherever it stands.
    func check(_ specs: [TensorSpec]) throws(RuntimeError) {
        var symbols: [Name: Int] = [:]
        for (i, spec) in specs.enumerated() {
            let name = inputNames[i], type = inputTypes[i]
            guard spec.element == type.element else { throw .inputElementType(name, expected: type.element, got: spec.element) }
            guard spec.isRepresentable else { throw .inputShape(name, expected: type.shape ?? [], got: spec.shape) }
            guard let shape = type.shape else { continue }
            guard shape.count == spec.shape.count else { throw .inputShape(name, expected: shape, got: spec.shape) }
            for (dimension, extent) in zip(shape, spec.shape) {
                switch dimension {
                case .fixed(let expected):
                    guard extent == expected else { throw .inputShape(name, expected: shape, got: spec.shape) }
                case .symbol(let symbol):
                    if let expected = symbols[symbol], expected != extent {
                        throw .symbolMismatch(symbol, input: name, expected: expected, got: extent)
                    }
                    symbols[symbol] = extent
                case .unknown: break
                }
            }
        }
    }
}
