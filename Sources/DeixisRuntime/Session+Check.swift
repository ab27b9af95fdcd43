import DeixisGraph

extension Session {
    /// The tensors by position, names checked.
    func order(_ inputs: [(name: Name, tensor: Constant)]) throws(RuntimeError) -> [Constant] {
        let names = inputNames
        var places: [Name: Int] = [:]
        for (i, name) in names.enumerated() { places[name] = i }
        var given = [Constant?](repeating: nil, count: names.count)
        for (name, tensor) in inputs {
            guard let place = places[name] else { throw .unknownInput(name, expected: names) }
            // Given twice: the first counts.
            if given[place] == nil { given[place] = tensor }
        }
        var ordered: [Constant] = []
        for (name, tensor) in zip(names, given) {
            guard let tensor else { throw .missingInput(name, expected: names) }
            ordered.append(tensor)
        }
        return ordered
    }

    /// Element types and shapes against what the file states; a symbol means the same extent wherever it stands.
    /// `shapesAreProven`: padding is left out, which the file does not know of.
    func check(_ specs: [TensorSpec], shapesAreProven: Bool = false) throws(RuntimeError) {
        var symbols: [Name: Int] = [:]
        for (spec, (name, type)) in zip(specs, zip(inputNames, inputTypes)) {
            guard spec.element == type.element else {
                throw .inputElementType(name, expected: type.element, got: spec.element)
            }
            do throws(ShapeError) { try spec.check(options.limits) } catch {
                throw .invalidGraph(reason: "input '\(name)' \(error.message)")
            }
            guard let shape = type.shape, !shapesAreProven else { continue }
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
