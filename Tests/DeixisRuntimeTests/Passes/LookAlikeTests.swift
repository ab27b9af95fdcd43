import DeixisGraph
import Testing

@testable import DeixisRuntime

/// What looks like what a pass fuses, and is not: the fused operator must not appear, and the numbers must be those of
/// the graph as read.
struct LookAlike: CustomTestStringConvertible, Sendable {
    var name: String
    /// What would be there had the pass taken it.
    var absent: String
    var build: @Sendable (inout GraphBuilder) -> Void
    var testDescription: String { name }

    init(_ name: String, without absent: String, _ build: @escaping @Sendable (inout GraphBuilder) -> Void) {
        (self.name, self.absent, self.build) = (name, absent, build)
    }
}

@Suite struct LookAlikeTests {
    static func inputs(_ graph: Graph) -> [Constant] {
        graph.inputs.enumerated().map { i, id in
            let shape = graph.extents(id)
            let numbers = randomFloats(shape, seed: UInt64(i + 3)).floats ?? []
            switch graph[id].type?.element {
            case .uint8: return Constant(.uint8, shape, numbers.map { UInt8(128 + $0 * 100) })
            case .int64: return Constant(.int64, shape, numbers.map { Int64(abs($0) * 3) })
            default: return floats(shape, numbers.map { $0 * 2 })
            }
        }
    }

    static func check(_ look: LookAlike) throws {
        var b = GraphBuilder()
        look.build(&b)
        let ops = try b.optimizedOps()
        #expect(!ops.contains(look.absent), "\(ops)")
        try expectAgreement(b.graph, inputs(b.graph))
    }

    static let float: [LookAlike] = [
        LookAlike("transpose of a square", without: "none") { b in
            b.graph.outputs = [
                b.node("Relu", [b.node("Transpose", [b.input("x", [3, 3])], [("perm", .ints([1, 0]))])])
            ]
        },
        LookAlike("MatMul by a stack of matrices", without: "deixis.Linear") { b in
            b.graph.outputs = [b.node("MatMul", [b.input("x", [2, 3, 4]), b.weights([2, 4, 5])])]
        },
        LookAlike("MatMul by Transpose that keeps the order", without: "none") { b in
            b.graph.outputs = [
                b.node(
                    "MatMul",
                    [b.input("x", [3, 4]), b.node("Transpose", [b.weights([4, 4])], [("perm", .ints([0, 1]))])])
            ]
        },
        LookAlike("Gemm with alpha", without: "deixis.Linear") { b in
            b.graph.outputs = [
                b.node("Gemm", [b.input("x", [3, 4]), b.weights([4, 5]), b.weights([5])], [("alpha", .float(0.5))])
            ]
        },
        LookAlike("Gemm of a turned input", without: "deixis.Linear") { b in
            b.graph.outputs = [b.node("Gemm", [b.input("x", [4, 3]), b.weights([4, 5])], [("transA", .int(1))])]
        },
        LookAlike("Gemm with a number per row", without: "deixis.Linear") { b in
            b.graph.outputs = [b.node("Gemm", [b.input("x", [4, 4]), b.weights([4, 4]), b.weights([4, 1])])]
        },
        LookAlike("BatchNormalization of a convolution that others read", without: "none") { b in
            let y = b.node("Conv", [b.input("x", [1, 2, 4, 4]), b.weights([3, 2, 1, 1])])
            b.graph.outputs = [
                b.node("BatchNormalization", [y, b.weights([3]), b.weights([3]), b.weights([3]), b.positive(3)]), y,
            ]
        },
        LookAlike("BatchNormalization by what is computed", without: "deixis.ScaledConv") { b in
            let y = b.node("Conv", [b.input("x", [1, 2, 4, 4]), b.weights([3, 2, 1, 1])])
            b.graph.outputs = [
                b.node("BatchNormalization", [y, b.input("gain", [3]), b.weights([3]), b.weights([3]), b.positive(3)])
            ]
        },
        LookAlike("equal but for an attribute", without: "none") { b in
            let x = b.input("x", [2, 3])
            b.graph.outputs = [
                b.node("Softmax", [x], [("axis", .int(0))]), b.node("Softmax", [x], [("axis", .int(1))]),
            ]
        },
        LookAlike("an image divides a number", without: "deixis.NormalizeImage") { b in
            let x = b.node("Cast", [b.input("x", [1, 2, 2, 3], .uint8)], [("to", .int(1))])
            b.graph.outputs = [b.node("Div", [b.constant(floats([3], [1, 2, 3])), x])]
        },
        LookAlike("an image minus a number per row", without: "deixis.NormalizeImage") { b in
            let x = b.node("Cast", [b.input("x", [1, 3, 3, 3], .uint8)], [("to", .int(1))])
            b.graph.outputs = [b.node("Sub", [x, b.constant(floats([3, 1], [1, 2, 3]))])]
        },
        LookAlike("GELU with another root", without: "deixis.Activate") { b in
            let x = b.input("x", [3, 4]),
                sum = b.node("Add", [b.node("Erf", [b.node("Div", [x, b.scalar(1.5)])]), b.scalar(1)])
            b.graph.outputs = [b.node("Mul", [b.node("Mul", [x, sum]), b.scalar(0.5)])]
        },
        LookAlike("GELU with another half", without: "deixis.Activate") { b in
            let x = b.input("x", [3, 4]),
                sum = b.node("Add", [b.node("Erf", [b.node("Div", [x, b.scalar(1.4142135)])]), b.scalar(1)])
            b.graph.outputs = [b.node("Mul", [b.node("Mul", [x, sum]), b.scalar(0.25)])]
        },
        LookAlike("GELU of two values", without: "deixis.Activate") { b in
            let x = b.input("x", [3, 4]),
                sum = b.node("Add", [b.node("Erf", [b.node("Div", [x, b.scalar(1.4142135)])]), b.scalar(1)])
            b.graph.outputs = [b.node("Mul", [b.node("Mul", [b.input("y", [3, 4]), sum]), b.scalar(0.5)])]
        },
        LookAlike("GELU whose numbers have more axes", without: "deixis.Activate") { b in
            let x = b.input("x", [4]), one = b.constant(floats([1, 1], [1])),
                half = b.constant(floats([1, 1, 1], [0.5]))
            let sum = b.node("Add", [b.node("Erf", [b.node("Div", [x, b.scalar(1.4142135)])]), one])
            b.graph.outputs = [b.node("Mul", [b.node("Mul", [x, sum]), half])]
        },
        LookAlike("GELU whose sum others read", without: "deixis.Activate") { b in
            let x = b.input("x", [3, 4]),
                sum = b.node("Add", [b.node("Erf", [b.node("Div", [x, b.scalar(1.4142135)])]), b.scalar(1)])
            b.graph.outputs = [b.node("Mul", [b.node("Mul", [x, sum]), b.scalar(0.5)]), sum]
        },
        LookAlike("attention of learned queries", without: "deixis.Attention") { b in
            let k = b.input("k", [2, 4, 8])
            b.graph.outputs = [b.attention(b.input("q", [1, 3, 8]), k, k, width: 8, heads: 2, mask: nil, batch: 2)]
        },
        LookAlike("attention with a mask of more batches", without: "deixis.Attention") { b in
            let k = b.input("k", [1, 4, 8])
            b.graph.outputs = [
                b.attention(
                    b.input("q", [1, 3, 8]), k, k, width: 8, heads: 2, mask: b.input("mask", [2, 1, 1, 4]), batch: 2)
            ]
        },
        LookAlike("attention over queries", without: "deixis.Attention") { b in
            let k = b.input("k", [1, 4, 8])
            b.graph.outputs = [b.attention(b.input("q", [1, 3, 8]), k, k, width: 8, heads: 2, mask: nil, axis: 2)]
        },
        LookAlike("attention without the merge", without: "deixis.Attention") { b in
            let k = b.input("k", [1, 4, 8])
            b.graph.outputs = [
                b.attention(b.input("q", [1, 3, 8]), k, k, width: 8, heads: 2, mask: nil, merge: [0, 1, 2, 3])
            ]
        },
        LookAlike("attention merged into another shape", without: "deixis.Attention") { b in
            let k = b.input("k", [1, 4, 8])
            let y = b.attention(b.input("q", [1, 3, 8]), k, k, width: 8, heads: 2, mask: nil, batch: 3, rows: 1)
            b.graph.outputs = [b.node("Relu", [y])]
        },
        LookAlike("slice of what a product sums over", without: "none") { b in
            let y = b.node("MatMul", [b.input("x", [1, 4, 4]), b.weights([4, 4])])
            b.graph.outputs = [b.node("Slice", [y, b.ints([1]), b.ints([2]), b.ints([2])])]
        },
        LookAlike("slice of a softmax over rows", without: "none") { b in
            let y = b.node("Softmax", [b.input("x", [1, 4, 4])], [("axis", .int(1))])
            b.graph.outputs = [b.node("Slice", [y, b.ints([1]), b.ints([2]), b.ints([1])])]
        },
        LookAlike("a pool that tells where", without: "deixis.MaxPool") { b in
            let y = b.graph.addValue("y"), at = b.graph.addValue("at")
            b.graph.nodes.append(
                Node(
                    op: "MaxPool", inputs: [b.input("x", [1, 2, 4, 4])], outputs: [y, at],
                    attributes: [("kernel_shape", .ints([2, 2]))]))
            b.graph.outputs = [y, at]
        },
        LookAlike("cubic resizing", without: "deixis.Resize") { b in
            b.graph.outputs = [
                b.node(
                    "Resize", [b.input("x", [1, 2, 4, 4]), nil, nil, b.ints([1, 2, 6, 6])], [("mode", .string("cubic"))]
                )
            ]
        },
        LookAlike("resizing channels", without: "deixis.Resize") { b in
            b.graph.outputs = [b.node("Resize", [b.input("x", [1, 2, 4, 4]), nil, nil, b.ints([1, 4, 4, 4])])]
        },
        LookAlike("a bias per row", without: "none") { b in
            b.graph.outputs = [
                b.node("Add", [b.node("MatMul", [b.input("x", [4, 4]), b.weights([4, 4])]), b.weights([4, 1])])
            ]
        },
        LookAlike("a sum that broadcasts, then LayerNormalization", without: "deixis.LayerNorm") { b in
            b.graph.outputs = [b.layerNorm(b.node("Add", [b.input("x", [2, 3, 4]), b.input("y", [3, 4])]), 4)]
        },
        LookAlike("LayerNormalization of two axes", without: "deixis.LayerNorm") { b in
            let sum = b.node("Add", [b.input("x", [2, 3, 4]), b.input("y", [2, 3, 4])])
            b.graph.outputs = [b.node("LayerNormalization", [sum, b.weights([3, 4])], [("axis", .int(-2))])]
        },
        LookAlike("columns looked up", without: "deixis.Embedding") { b in
            let columns = b.node("Gather", [b.weights([4, 6]), b.input("ids", [4], .int64)], [("axis", .int(1))])
            b.graph.outputs = [b.layerNorm(columns, 4)]
        },
        LookAlike("a clamp with one bound", without: "none") { b in
            let y = b.node("MatMul", [b.input("x", [3, 4]), b.weights([4, 5])])
            b.graph.outputs = [b.node("Clip", [y, nil, b.scalar(0.25)])]
        },
    ]

    @Test(arguments: float) func floatsStayAsRead(look: LookAlike) throws { try Self.check(look) }
}
