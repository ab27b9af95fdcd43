import DeixisExport
import DeixisGraph
import Foundation
import Testing

@testable import DeixisRuntime

/// Compiled files give the same numbers without packing, and are refused when anything about them is wrong.
@Suite struct CompiledFileTests {
    struct Files {
        let onnx = NSTemporaryDirectory() + "deixis-compiled-\(UUID().uuidString).onnx"
        var compiled: String { onnx + ".deixis" }
        func remove() { for path in [onnx, compiled] { try? FileManager.default.removeItem(atPath: path) } }
    }

    /// x [n, 200] -> Linear -> ReLU -> Linear, weights of more than a page.
    static func write(_ files: Files) throws {
        var builder = GraphBuilder()
        let x = builder.graph.addInput("x", TensorType(.float32, [.symbol("n"), .fixed(200)]))
        let hidden = builder.node("Relu", [builder.linear(x, 200, 96)])
        let y = builder.linear(hidden, 96, 70)
        builder.graph[y].type = TensorType(.float32, [.symbol("n"), .fixed(70)])
        builder.graph.outputs = [y]
        try ONNXFile.write(builder.graph, to: files.onnx)
    }

    static func run(_ path: String, rows: Int) throws -> (values: [Float], packed: Int) {
        let session = try Session(try Model.load(path))
        return (try session.run([("x", randomFloats([rows, 200], seed: 4))])[0].tensor.floats ?? [], session.packedWeightBytes)
    }

    static func compiled() throws -> Files {
        let files = Files()
        try write(files)
        let session = try Session(try Model.load(files.onnx))
        try session.prepare([[3, 200]])
        try session.compile(to: files.compiled)
        return files
    }

    @Test func sameNumbersNothingPacked() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        for rows in [1, 3, 40] {
            let fresh = try Self.run(files.onnx, rows: rows), ready = try Self.run(files.compiled, rows: rows)
            #expect(fresh.values == ready.values)
            #expect(fresh.packed > 100_000)
            // Small constants are copied where they must lie aligned.
            #expect(ready.packed < 4096)
        }
    }

    @Test func everyDamagedByteIsSeen() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files.compiled)))
        let weights = try CompiledFile.read(try mapped(good))
        // Every byte of the header and a sample of the rest; what lies between parts, and in replaced ranges, is never read.
        var refused = 0, tried = 0
        for at in Array(0..<64) + stride(from: 64, to: good.count, by: 997) {
            var bad = good
            bad[at] ^= 0x10
            tried += 1
            do {
                let read = try CompiledFile.read(try mapped(bad))
                #expect(at >= 64 && read.instructionSets == weights.instructionSets, "byte \(at) changed unseen")
            } catch { refused += 1 }
        }
        #expect(refused >= tried / 3)
        for size in [0, 7, 63, 64, 4096, good.count - 1] {
            try Data(good.prefix(size)).write(to: URL(fileURLWithPath: files.compiled))
            #expect(throws: RuntimeError.self) { try Model.load(files.compiled) }
        }
    }

    @Test func packedBytesAreChecked() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files.compiled)))
        // The last part of the file is packed weights.
        let last = try #require(bytes.lastIndex { $0 != 0 })
        bytes[last] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: files.compiled))
        let error = #expect(throws: RuntimeError.self) { try Model.load(files.compiled) }
        #expect(error?.description == "\(files.compiled): a damaged compiled model: its checksum is wrong; compile the ONNX file again")
    }

    @Test func anotherInstructionSetIsRefused() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        var options = SessionOptions()
        options.instructionSet = "scalar"
        let model = try Model.load(files.compiled)
        let error = #expect(throws: RuntimeError.self) { try Session(model, options: options) }
        #expect(error?.description.contains("kernels here are of scalar") == true)
        #expect(error?.description.contains("compile the ONNX file on this machine") == true)
    }

    @Test func onlyFilesAreCompiled() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        let again = try Session(try Model.load(files.compiled))
        let error = #expect(throws: RuntimeError.self) { try again.compile(to: files.onnx) }
        #expect(error?.description.hasSuffix("only a model read from an ONNX file can be compiled") == true)
        let nowhere = #expect(throws: RuntimeError.self) {
            let session = try Session(try Model.load(files.onnx))
            try session.prepare([[1, 200]])
            try session.compile(to: "/nowhere/model.deixis")
        }
        #expect(nowhere?.description.contains("cannot be written") == true)
    }

    private func mapped(_ bytes: [UInt8]) throws -> ByteStorage {
        ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    }
}
