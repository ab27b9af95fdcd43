import DeixisGraph

extension Gather {
    /// The reference moves whole slices already; as a kernel it may read a table where the file has it, aligned or not.
    static let lower: Lowerings.Lower = { (call: OperatorCall, _: Lowering) throws(RuntimeError) -> Kernel? in
        let compute = try definition.evaluate(call)
        var kernel = Kernel("copy") { buffers, _, _ in compute(buffers) }
        kernel.unaligned = [0]
        return kernel
    }
}
