import CDeixisKernels
import DeixisGraph

/// f(Linear(x)) => Linear(x, f);  f(Conv(x)) => Conv(x, f)
enum FuseActivation {
    static let rule: Rule = { editor, id, node in
        guard let activation = activation(editor, node), let x = node.input(0), editor.vanishes(x),
            let output = node.outputs[0],
            let maker = editor.maker(of: x), var layer = editor[maker],
            layer.isDeixis("Linear") || layer.isDeixis("Conv"),
            layer.attribute("activation") == nil
        else { return nil }
        layer.attributes += activation.attributes
        layer.outputs = [output]
        var patch = Patch(editor, removing: [maker, id])
        patch.nodes = [layer]
        return patch
    }

    /// The activation `node` is, if a kernel can apply it to what it has just computed.
    static func activation(_ editor: GraphEditor, _ node: Node) -> Activation? {
        if node.isDeixis("Activate") {
            return Activation(
                function: Int32(truncatingIfNeeded: node.int("activation", default: 0)),
                alpha: node.float("alpha", default: 0),
                beta: node.float("beta", default: 0))
        }
        guard node.domain.isEmpty, editor.spec(node.input(0))?.element == .float32 else { return nil }
        switch node.op {
        case "Relu": return Activation(function: 1)
        case "Sigmoid": return Activation(function: 6)
        case "Tanh": return Activation(function: 7)
        case "LeakyRelu": return Activation(function: 3, alpha: node.float("alpha", default: 0.01))
        case "HardSigmoid":
            return Activation(
                function: 11, alpha: node.float("alpha", default: 0.2), beta: node.float("beta", default: 0.5))
        case "HardSwish": return Activation(function: 12)
        case "Gelu":
            if case .string(let kind)? = node.attribute("approximate"), kind == "tanh" {
                return Activation(function: 5)
            }
            return Activation(function: 4)
        case "Clip":
            guard node.inputs.count == 3, let low = editor.scalar(node.input(1)),
                let high = editor.scalar(node.input(2)), low <= high
            else { return nil }
            return Activation(function: 2, alpha: low, beta: high)
        default: return nil
        }
    }
}

/// Gelu(x) => Activate(x), where no layer in front took it.
enum UseActivate {
    static let rule: Rule = { editor, id, node in
        guard node.domain.isEmpty, let activation = FuseActivation.activation(editor, node), let x = node.input(0)
        else { return nil }
        var patch = Patch(editor, removing: [id])
        patch.nodes = [
            Node(
                name: node.name, domain: .deixis, op: "Activate", inputs: [x], outputs: node.outputs,
                attributes: activation.attributes)
        ]
        return patch
    }
}
