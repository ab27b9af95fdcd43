import DeixisGraph
import Foundation
import Testing

@testable import DeixisONNX

/// Numbers of a file that nothing could hold are refused when it is read, in words that name file, tensor, number and
/// limit.
@Suite struct DoorTests {
    /// A field with the wire type of a number.
    private static func number(_ field: UInt8, _ value: UInt64) -> [UInt8] {
        var bytes = [field << 3], rest = value
        while rest > 127 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func bytes(_ field: UInt8, _ content: [UInt8]) -> [UInt8] {
        [field << 3 | 2] + number(0, UInt64(content.count)).dropFirst() + content
    }

    private static func text(_ field: UInt8, _ content: String) -> [UInt8] { bytes(field, Array(content.utf8)) }

    /// `TensorProto`s.
    static let tensors: [([UInt8], String)] = [
        (number(1, .max) + number(2, 1) + text(8, "t"), "m: tensor 't' has the extent -1"),
        (number(1, 1 << 63) + number(2, 1) + text(8, "t"), "m: tensor 't' has the extent -9223372036854775808"),
        (
            number(1, 1 << 62) + number(1, 0) + number(2, 1) + text(8, "t"),
            "m: tensor 't' has 4611686018427387904 elements, more than the limit of 1099511627776"
        ),
        (
            number(1, 1 << 32) + number(1, 1 << 32) + number(2, 1) + text(8, "t"),
            "m: tensor 't' has too many elements to count, more than the limit of 1099511627776"
        ),
        (
            number(1, 1 << 39) + number(2, 7) + text(8, "t"),
            "m: tensor 't' has 4398046511104 bytes, more than the limit of 1099511627776"
        ),
        (
            Array(repeatElement(number(1, 1), count: 65).joined()) + number(2, 1) + text(8, "t"),
            "m: tensor 't' has 65 axes, more than the limit of 64"
        ),
        // Low halves alone are float32's number and one extent.
        (
            number(1, 1) + number(2, 1 << 32 | 1) + text(8, "t"),
            "m: tensor 't' has element type 4294967297, which is not supported"
        ),
        (
            number(1, 3) + number(2, 1) + text(8, "t") + bytes(9, [0, 0, 0, 0]),
            "m: tensor 't' has 4 bytes, its shape asks for 12"
        ),
        (
            number(1, 3) + number(2, 1) + text(8, "t") + bytes(4, [0, 0, 0, 0]),
            "m: tensor 't' has 1 elements, its shape asks for 3"
        ),
    ]

    @Test(arguments: tensors)
    func badTensors(_ tensor: [UInt8], _ message: String) {
        let storage = Constant(.uint8, [tensor.count], tensor).storage
        var reader = Reader(file: "m", storage: storage, folder: nil, limits: Limits())
        let error = #expect(throws: ONNXError.self) { try reader.tensor(reader.whole) }
        #expect(error?.description == message)
    }

    private func read(_ graph: [UInt8], _ limits: Limits = Limits()) -> String {
        let model = Self.number(1, 8) + Self.bytes(7, graph) + Self.bytes(8, Self.number(2, 17))
        do throws(ONNXError) {
            _ = try Graph(onnx: Constant(.uint8, [model.count], model).storage, name: "m", limits: limits)
            return "no error"
        } catch { return error.description }
    }

    /// An input `x` of float32 and these extents.
    private func input(_ extents: [UInt64]) -> [UInt8] {
        let shape = extents.flatMap { Self.bytes(1, Self.number(1, $0)) }
        return Self.bytes(
            11, Self.text(1, "x") + Self.bytes(2, Self.bytes(1, Self.number(1, 1) + Self.bytes(2, shape))))
    }

    @Test func badInputs() {
        #expect(
            read(input([2, 1 << 41])) == "m: value 'x' has 2199023255552 elements, more than the limit of 1099511627776"
        )
        #expect(read(input(Array(repeating: 1, count: 65))) == "m: value 'x' has 65 axes, more than the limit of 64")
        // Less than nothing: not known.
        #expect(read(input([2, .max])) == "no error")
    }

    @Test func nodesAreCounted() {
        var limits = Limits()
        limits.nodes = 2
        let node = Self.bytes(1, Self.text(4, "Constant"))
        #expect(read(node + node, limits) == "no error")
        #expect(read(node + node + node, limits) == "m: the graph has 3 nodes, more than the limit of 2")
    }

    /// A node whose attribute is the graph `inner`, or one that says nothing.
    private static func nested(_ depth: Int) -> [UInt8] {
        var graph: [UInt8] = []
        for _ in 0..<depth { graph = bytes(1, text(4, "If") + bytes(5, text(1, "body") + bytes(6, graph))) }
        return graph
    }

    @Test func subGraphsInsideSubGraphs() {
        #expect(read(Self.nested(64)) == "no error")
        #expect(
            read(Self.nested(65)) == "m: a node has 65 levels of sub-graphs or functions, more than the limit of 64")
        #expect(
            read(Self.nested(1000)) == "m: a node has 65 levels of sub-graphs or functions, more than the limit of 64")
    }

    @Test func filesThatGitLFSKeepsElsewhere() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "pointer-\(ProcessInfo.processInfo.processIdentifier).onnx"
        ).path
        try "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let error = #expect(throws: ONNXError.self) { try Graph(onnxFile: path) }
        #expect(error?.description == "\(path): a Git LFS pointer, not the file itself; `git lfs pull` fetches it")
    }
}
