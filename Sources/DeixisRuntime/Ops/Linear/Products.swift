import DeixisGraph

/// Y_i = f_i(X W_i + bias_i), products of one X as a single step: Q, K and V of an attention. X is read while it is in
/// the caches, and threads meet once.
///
/// Inputs: X, then for each part those its operator has behind X, `width` of them. Attributes: `op`, the operator of
/// all parts (`Linear` or `QLinear`, without residuals); `width`; and those of part i as `i.name`. Made by
/// `FuseProducts`.
enum Products {
    static let definition = OperatorDefinition(
        "Products", domain: .deixis, inputs: 3...64, types: [.float32, .uint8],
        infer: { (call: OperatorCall) throws(RuntimeError) in
            var specs: [TensorSpec] = []
            for (part, definition) in try parts(call) { specs += try definition.infer(part) }
            return specs
        },
        evaluate: { (call: OperatorCall) throws(RuntimeError) in
            let width = try call.int("width", default: 1)
            var computes: [Compute] = []
            for (part, definition) in try parts(call) { computes.append(try definition.evaluate(part)) }
            let all = computes
            return { buffers in for (i, compute) in all.enumerated() { compute(buffers.part(i, width: width)) } }
        },
        lower: { (call: OperatorCall, lowering: Lowering) throws(RuntimeError) in
            let width = try call.int("width", default: 1)
            var kernels: [Kernel] = []
            for (part, definition) in try parts(call) {
                guard let kernel = try definition.lower?(part, lowering), kernel.phases.count == 1 else { return nil }
                kernels.append(kernel)
            }
            return merge(kernels, width: width)
        })

    /// Each part as a node of its own.
    private static func parts(_ call: OperatorCall) throws(RuntimeError) -> [(
        call: OperatorCall, definition: OperatorDefinition
    )] {
        let width = max(try call.int("width", default: 1), 1), op = try call.string("op", default: "")
        let count = (call.inputs.count - 1) / width
        guard call.inputs.count > width, (call.inputs.count - 1) % width == 0, call.node.outputs.count == count else {
            throw call.invalid("\(call.inputs.count - 1) inputs behind the first are no parts of \(width)")
        }
        let isStored = op == "QLinear"
        try call.require(0, stored: isStored ? StoredScale(scale: 1, zero: 0) : nil)
        var result: [(call: OperatorCall, definition: OperatorDefinition)] = []
        for i in 0..<count {
            let own = 1 + i * width..<1 + (i + 1) * width
            var node = Node(
                name: call.node.name, domain: .deixis, op: op, inputs: [call.node.inputs[0]] + call.node.inputs[own],
                outputs: [call.node.outputs[i]])
            for (name, value) in call.node.attributes where name.bytes.starts(with: prefix(i)) {
                node.attributes.append((Name(name.bytes.dropFirst(2)), value))
            }
            let part = OperatorCall(
                node: node, opset: call.opset, inputs: [call.inputs[0]] + call.inputs[own],
                constants: [call.constants[0]] + call.constants[own],
                outputs: call.outputs.isEmpty ? [] : [call.outputs[i]])
            result.append((part, isStored ? QLinear.definition : Linear.definition))
        }
        return result
    }

    /// One digit and a dot.
    private static func prefix(_ part: Int) -> [UInt8] { [48 + UInt8(part), 46] }
    static let mostParts = 10

    private static func merge(_ kernels: [Kernel], width: Int) -> Kernel {
        var unused: [Int] = [], tasks = 0, macs = 0, scratch = 0
        for (i, kernel) in kernels.enumerated() {
            unused += kernel.unused.map { $0 + i * width }
            tasks += kernel.phases[0].tasks
            macs += kernel.macs
            scratch = max(scratch, kernel.scratchBytes)
        }
        var merged = Kernel(
            kernels[0].label, macs: macs, scratchBytes: scratch, tasks: tasks, run: run(kernels, from: 0, width))
        merged.unused = unused
        return merged
    }

    /// The tasks of part `i` and those after it. A closure that holds closures calls them without counting a reference
    /// to them; one that takes them from an array counts, and all who run the plan would contend for the counts.
    private static func run(_ kernels: [Kernel], from i: Int, _ width: Int) -> (Buffers, Int, Int) -> Void {
        let run = kernels[i].phases[0].run
        if i + 1 == kernels.count {
            return { buffers, task, worker in run(buffers.part(i, width: width), task, worker) }
        }
        let tasks = kernels[i].phases[0].tasks, others = Products.run(kernels, from: i + 1, width)
        return { buffers, task, worker in
            if task < tasks {
                run(buffers.part(i, width: width), task, worker)
            } else {
                others(buffers, task - tasks, worker)
            }
        }
    }

    /// `nodes` of one operator that read the same x, as one.
    static func node(_ nodes: [Node], x: ValueID, width: Int) -> Node {
        var together = Node(
            name: nodes[0].name, domain: .deixis, op: "Products", inputs: [x], outputs: nodes.map { $0.outputs[0] })
        together.attributes = [("op", .string(nodes[0].op)), ("width", .int(Int64(width)))]
        for (i, node) in nodes.enumerated() {
            together.inputs += (1...width).map { node.input($0) }
            together.attributes += node.attributes.map { (Name(prefix(i) + $0.name.bytes), $0.value) }
        }
        return together
    }
}
