import DeixisGraph
import DeixisRuntime

/// What onnxruntime's optimizer makes one node of, as the nodes that it was.
enum FusedFunctions {
    /// The same operator of `ai.onnx`.
    static func renamed(_ op: Name) -> FunctionLine.Expand {
        { (importer, node) throws(RuntimeError) in
            try importer.add(op, node.inputs, for: node, attributes: node.attributes, output: try node.only())
            return true
        }
    }

    /// Outputs: LayerNormalization(input + skip + bias), nothing, nothing, the sum. Inputs: input, skip, scale, shift,
    /// bias.
    static let skipLayerNorm: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        try normalizedSum(
            &importer, node, "LayerNormalization", parameters: [node.input(2), node.input(3)], bias: node.input(4))
    }

    /// The same with RMSNormalization. Inputs: input, skip, scale, bias.
    static let skipRMSNorm: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        try normalizedSum(&importer, node, "RMSNormalization", parameters: [node.input(2)], bias: node.input(3))
    }

    private static func normalizedSum(
        _ importer: inout Importer, _ node: Node, _ op: Name, parameters: [ValueID?], bias: ValueID?
    ) throws(RuntimeError) -> Bool {
        let asked = node.outputs.count > 3 ? node.outputs[3] : nil
        guard node.outputs.dropFirst().prefix(2).allSatisfy({ $0 == nil }) else {
            throw node.invalid("outputs 1 and 2 are not supported")
        }
        var sum = try importer.add("Add", [node.input(0), node.input(1)], for: node, output: bias == nil ? asked : nil)
        if let bias { sum = try importer.add("Add", [sum, bias], for: node, output: asked) }
        let attributes: [(name: Name, value: Attribute)] = [
            ("axis", .int(-1)), ("epsilon", .float(node.float("epsilon", default: 1e-12))),
        ]
        try importer.add(op, [sum] + parameters, for: node, attributes: attributes, output: node.outputs.first ?? nil)
        return true
    }

    /// gelu(x + bias), by the tangent or exact.
    static func gelu(_ approximate: Name) -> FunctionLine.Expand {
        { (importer, node) throws(RuntimeError) in
            var x = node.input(0)
            if let bias = node.input(1) { x = try importer.add("Add", [x, bias], for: node) }
            try importer.add(
                "Gelu", [x], for: node, attributes: [("approximate", .string(approximate))], output: try node.only())
            return true
        }
    }

    /// x sigmoid(alpha x)
    static let quickGelu: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        let alpha: Attribute = .float(node.float("alpha", default: 1.702))
        try importer.add("Swish", node.inputs, for: node, attributes: [("alpha", alpha)], output: try node.only())
        return true
    }

    /// activation(Conv(x, w, b) + z). Inputs: x, w, b, z.
    static let conv: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        let own: [Name] = ["activation", "activation_params"], output = try node.only()
        let attributes = node.attributes.filter { !own.contains($0.name) }
        var y = try importer.add("Conv", Array(node.inputs.prefix(3)), for: node, attributes: attributes)
        if let z = node.input(3) { y = try importer.add("Add", [y, z], for: node) }
        let name = node.string("activation", default: "")
        var parameters: [Float] = []
        if case .floats(let given)? = node.attribute("activation_params") { parameters = given }
        switch (name, parameters.count) {
        case ("", _): try importer.add("Identity", [y], for: node, output: output)
        case ("Relu", _), ("Sigmoid", _), ("Tanh", _): try importer.add(name, [y], for: node, output: output)
        case ("LeakyRelu", 1):
            try importer.add(name, [y], for: node, attributes: [("alpha", .float(parameters[0]))], output: output)
        case ("HardSigmoid", 2):
            try importer.add(
                name, [y], for: node, attributes: [("alpha", .float(parameters[0])), ("beta", .float(parameters[1]))],
                output: output)
        case ("Clip", 2):
            let low = importer.addConstant(Constant(.float32, [], [parameters[0]])),
                high = importer.addConstant(Constant(.float32, [], [parameters[1]]))
            try importer.add(name, [y, low, high], for: node, output: output)
        default: throw node.invalid("activation '\(name)' with \(parameters.count) parameters is not supported")
        }
        return true
    }

    /// alpha A B, where `transA` and `transB` exchange the last two axes.
    static let matMul: FunctionLine.Expand = { (importer, node) throws(RuntimeError) in
        guard node.int("transBatchA", default: 0) == 0, node.int("transBatchB", default: 0) == 0 else {
            throw node.invalid("transBatchA and transBatchB are not supported")
        }
        let output = try node.only(), alpha = node.float("alpha", default: 1)
        let a: Name = node.int("transA", default: 0) == 0 ? "...ij," : "...ji,",
            b: Name = node.int("transB", default: 0) == 0 ? "...jk->...ik" : "...kj->...ik"
        var inputs = node.inputs
        for (i, name) in (["transA", "transB"] as [StaticString]).enumerated() where node.int(name, default: 0) != 0 {
            guard let rank = node.input(i).flatMap({ importer.graph[$0].type?.shape?.count }), rank >= 2 else {
                // The rank is not known: by letters.
                let equation = Name(bytes: a.bytes + b.bytes)
                let product = try importer.add(
                    "Einsum", node.inputs, for: node, attributes: [("equation", .string(equation))],
                    output: alpha == 1 ? output : nil)
                if alpha != 1 { try scale(&importer, node, product, alpha, output) }
                return true
            }
            let order = Array(0..<Int64(rank - 2)) + [Int64(rank - 1), Int64(rank - 2)]
            inputs[i] = try importer.add("Transpose", [inputs[i]], for: node, attributes: [("perm", .ints(order))])
        }
        let product = try importer.add("MatMul", inputs, for: node, output: alpha == 1 ? output : nil)
        if alpha != 1 { try scale(&importer, node, product, alpha, output) }
        return true
    }

    private static func scale(_ importer: inout Importer, _ node: Node, _ x: ValueID, _ alpha: Float, _ output: ValueID)
        throws(RuntimeError)
    {
        let factor = try importer.add(
            "CastLike", [importer.addConstant(Constant(.float32, [], [alpha])), x], for: node)
        try importer.add("Mul", [x, factor], for: node, output: output)
    }
}

extension Node {
    /// The output of a node that has one.
    func only() throws(RuntimeError) -> ValueID {
        guard let output = outputs.first ?? nil, outputs.dropFirst().allSatisfy({ $0 == nil }) else {
            throw invalid("has \(outputs.count) outputs, expected one")
        }
        return output
    }
}
