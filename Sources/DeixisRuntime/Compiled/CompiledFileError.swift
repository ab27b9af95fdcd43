public import DeixisGraph

/// Why a compiled file is refused, or cannot be made.
public indirect enum CompiledFileError: Error, Sendable {
    case version(UInt8)
    case layout
    case damaged(StaticString)
    /// No `PackingKind` has this code.
    case packing(Int)
    case instructionSet(file: UInt32, here: UInt32)
    /// Inputs of shapes that it was not compiled for.
    case shapes([[Int]])
    /// A kernel here asks for weights in another order than those that the file was compiled for.
    case absentWeights
    /// Asked for references or the graph as it was read.
    case kernelsOnly
    case cannotWrite(reason: String)
    case outOfMemory(OutOfMemory)
    case compiledAlready
    /// No shapes were prepared, or only some that depend on what inputs hold.
    case nothingPrepared

    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .version(let found):
            return
                "a compiled model of version \(found), this Deixis reads version \(CompiledFile.version); compile the ONNX file again"
        case .layout:
            return
                "compiled by another version of Deixis, whose kernels order weights otherwise; compile the ONNX file again"
        case .damaged(let what): return "a damaged compiled model: \(what); compile the ONNX file again"
        case .packing(let code):
            return
                "a damaged compiled model: it has weights packed as of kind \(code), and there is no such kind; compile the ONNX file again"
        case .instructionSet(let file, let here):
            return
                "compiled for \(Machine.name(file)), kernels here are of \(Machine.name(here)) (the CPU, or DEIXIS_ISA); compile the ONNX file on this machine"
        case .shapes(let shapes):
            var text = Message("not compiled for inputs of shapes")
            for shape in shapes { text = "\(text) \(shape)" }
            return "\(text); compile the ONNX file with --dim for these"
        case .absentWeights:
            return "it lacks weights as kernels here want them; compile the ONNX file on this machine"
        case .kernelsOnly: return "compiled for fast kernels alone; references run the ONNX file"
        case .cannotWrite(let reason): return "cannot be written: \(reason)"
        case .outOfMemory(let memory): return memory.message
        case .compiledAlready: return "compiled already; compile the ONNX file"
        case .nothingPrepared:
            return "nothing to compile: no input shapes were prepared whose plan stands without what the inputs hold"
        }
    }
}
