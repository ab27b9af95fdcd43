import DeixisGraph
import Testing

@testable import DeixisRuntime

/// One operator, its attributes and its inputs: what reference and kernel are both asked.
struct OperatorCase {
    var op: Name
    var attributes: [(name: Name, value: Attribute)] = []
    var inputs: [Constant?]
    var outputs = 1
    var opset = 17
    var domain: Name = ""

    var node: Node {
        Node(
            name: "node", domain: domain, op: op, inputs: inputs.indices.map { inputs[$0] == nil ? nil : ValueID($0) },
            outputs: (0..<outputs).map { ValueID(inputs.count + $0) }, attributes: attributes)
    }

    func reference() throws -> [Constant?] { try evaluate(node, opset: opset, inputs: inputs) }

    /// By the kernel, with the inputs `known` treated as weights.
    func lowered(known: [Int] = [], isa: UInt32 = systemISA, threads: Int = 2) throws -> [Constant?]? {
        try evaluateLowered(
            node, opset: opset, inputs: inputs, known: known,
            Lowering(isa: isa, workers: try Workers(threads: threads), weights: PackedWeights()))
    }

    /// The message of the error the case must give.
    func message() -> String {
        do throws(RuntimeError) {
            _ = try evaluate(node, opset: opset, inputs: inputs)
            return "no error"
        } catch { return error.description }
    }
}

func floats(_ shape: [Int], _ values: [Float]) -> Constant { Constant(.float32, shape, values) }
func int64s(_ values: [Int64]) -> Constant { Constant(.int64, [values.count], values) }

/// Floats in -1...1 that are the same on every run.
func randomFloats(_ shape: [Int], seed: UInt64) -> Constant {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return floats(
        shape,
        (0..<shape.reduce(1, *)).map { _ in
            state ^= state << 13; state ^= state >> 7; state ^= state << 17
            return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
        })
}

/// max |a - b| / (1 + |b|); infinite where shapes differ.
func difference(_ a: Constant?, _ b: Constant?) -> Float {
    guard let a, let b, a.shape == b.shape, let x = a.floats, let y = b.floats else { return .infinity }
    return zip(x, y).reduce(0) { worst, pair in
        pair.0.isNaN && pair.1.isNaN
            ? worst : max(worst, (pair.0 - pair.1).isNaN ? .infinity : abs(pair.0 - pair.1) / (1 + abs(pair.1)))
    }
}

/// What this machine can do.
let systemISA = Machine.instructionSets
