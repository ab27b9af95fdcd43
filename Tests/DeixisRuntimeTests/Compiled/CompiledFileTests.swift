import CDeixisKernels
import CDeixisSystem
import DeixisExport
import DeixisGraph
import Foundation
import Testing

@testable import DeixisRuntime

/// Compiled files give the same numbers without passes and packing, and are refused when anything about them is wrong.
@Suite struct CompiledFileTests {
    struct Files {
        let onnx = NSTemporaryDirectory() + "deixis-compiled-\(UUID().uuidString).onnx"
        var compiled: String { onnx + ".deixis" }
        func remove() { for path in [onnx, compiled] { try? FileManager.default.removeItem(atPath: path) } }
    }

    /// x [n, 200] -> Linear -> ReLU -> Linear, weights of more than a page, + their sum, a table that is read in place.
    static func write(_ files: Files) throws {
        var builder = GraphBuilder()
        let x = builder.graph.addInput("x", TensorType(.float32, [.symbol("n"), .fixed(200)]))
        let hidden = builder.node("Relu", [builder.linear(x, 200, 96)])
        let y = builder.node("Mul", [builder.linear(hidden, 96, 70), builder.weights([1, 70])])
        builder.graph[y].type = TensorType(.float32, [.symbol("n"), .fixed(70)])
        builder.graph.outputs = [y]
        builder.graph.metadata = [("key", "value")]
        try ONNXFile.write(builder.graph, to: files.onnx)
    }

    /// Kernels of AVX-512 VNNI go before those of AVX-VNNI: whether a CPU has these too makes no difference to a file.
    @Test func setsWithTheSameKernelsAreAlike() {
        let avx2 = UInt32(DEIXIS_ISA_V128 | DEIXIS_ISA_AVX2), vnni = UInt32(DEIXIS_ISA_AVXVNNI)
        let avx512 = avx2 | UInt32(DEIXIS_ISA_AVX512), best = avx512 | UInt32(DEIXIS_ISA_AVX512VNNI)
        #expect(Machine.areAlike(best, best | vnni) && Machine.areAlike(best | vnni, best))
        #expect(!Machine.areAlike(avx2, avx2 | vnni) && !Machine.areAlike(avx512, avx512 | vnni))
        #expect(!Machine.areAlike(best, avx512))
    }

    static func run(_ path: String, rows: Int) throws -> (values: [Float], packed: Int) {
        let context = try Session(try Model.load(path)).makeContext()
        return (
            try context.run([("x", randomFloats([rows, 200], seed: 4))])[0].tensor.floats ?? [],
            context.session.packedWeightBytes
        )
    }

    static func compiled(rows: [Int] = [3]) throws -> Files {
        let files = Files()
        try write(files)
        let context = try Session(try Model.load(files.onnx)).makeContext()
        for count in rows { try context.prepare([[count, 200]]) }
        try context.session.compile(to: files.compiled)
        return files
    }

    @Test func sameNumbersNothingPacked() throws {
        let files = try Self.compiled(rows: [1, 3, 40])
        defer { files.remove() }
        for rows in [1, 3, 40] {
            let fresh = try Self.run(files.onnx, rows: rows), ready = try Self.run(files.compiled, rows: rows)
            #expect(fresh.values == ready.values)
            #expect(fresh.packed > 100_000)
            #expect(ready.packed == 0)
        }
        let model = try Model.load(files.compiled)
        #expect(model.compilation?.shapes == [[[1, 200]], [[3, 200]], [[40, 200]]])
        #expect(model.metadata("key") == "value")
        #expect(try Session(model).inputTypes == [TensorType(.float32, [.symbol("n"), .fixed(200)])])
        // 104 KB of weights are there once, in the order kernels want them, for all three.
        let size = try #require(try FileManager.default.attributesOfItem(atPath: files.compiled)[.size] as? Int)
        #expect(size < 170_000)
    }

    @Test func otherShapesAreRefused() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        let error = #expect(throws: RuntimeError.self) { try Self.run(files.compiled, rows: 4) }
        #expect(
            error?.description
                == "\(files.compiled): not compiled for inputs of shapes [4, 200]; compile the ONNX file with --dim for these"
        )
        // Wrong for the model itself.
        let wrong = #expect(throws: RuntimeError.self) {
            try Session(try Model.load(files.compiled)).makeContext().prepare([[4, 201]])
        }
        #expect(wrong?.description == "input 'x': expected shape [n, 200], got [4, 201]")
    }

    @Test func everyDamagedByteIsSeen() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files.compiled)))
        _ = try CompiledFile.read(try mapped(good), name: "file")
        for at in Array(0..<64) + stride(from: 64, to: good.count, by: 97) + (good.count - 8..<good.count) where at >= 7
        {
            var bad = good
            bad[at] ^= 0x10
            // The reserved bytes of the header are summed up like all others.
            #expect(throws: CompiledFileError.self, "byte \(at) changed unseen") {
                try CompiledFile.read(try mapped(bad), name: "file")
            }
        }
        for size in [0, 7, 63, 64, 71, 4096, good.count - 1] {
            try Data(good.prefix(size)).write(to: URL(fileURLWithPath: files.compiled))
            #expect(throws: RuntimeError.self) { try Model.load(files.compiled) }
        }
    }

    /// An index that makes no sense under a checksum that is right: an error or a model, never a crash.
    @Test func nonsenseIsNoCrash() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files.compiled)))
        let index = good[32..<40].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        #expect(index > 500 && index < 4000)
        var refused = 0
        for at in 64..<64 + index {
            for change: UInt8 in [0x01, 0x80, 0xFF] {
                var bad = good
                bad[at] ^= change
                let sum = bad.prefix(bad.count - 8).withUnsafeBytes { deixis_checksum(0, $0.baseAddress, $0.count) }
                withUnsafeBytes(of: withUnsafeBytes(of: sum) { deixis_checksum(0, $0.baseAddress, 8) }) {
                    bad.replaceSubrange(bad.count - 8..<bad.count, with: $0)
                }
                guard let words = refusal(try mapped(bad)) else { continue }
                refused += 1
                #expect(
                    words.contains("compile the ONNX file again") || words.contains("not compiled for")
                        || words.contains("it lacks weights") || words.contains("node '"), "\(words)")
            }
        }
        #expect(refused > index / 2)
    }

    /// Why the file or a plan of its graphs is refused.
    private func refusal(_ bytes: ByteStorage) -> String? {
        do throws(CompiledFileError) {
            let compiled = try CompiledFile.read(bytes, name: "file"), weights = PackedWeights(compiled: compiled)
            let lowering = Lowering(isa: compiled.instructionSets, workers: Workers(), weights: weights)
            for shapes in compiled.shapes {
                let graph = try compiled.graph(shapes.map { TensorSpec(.float32, $0) })
                do throws(RuntimeError) {
                    _ = try Planner.plan(graph, lowering: lowering, useKernels: true)
                } catch {
                    return error.description
                }
            }
            return nil
        } catch {
            return error.description
        }
    }

    /// A kernel that wants another order than the file has finds no weights, however often it asks: never zeros.
    @Test func absentWeightsAreRefusedEachTime() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        let bytes = try mapped([UInt8](try Data(contentsOf: URL(fileURLWithPath: files.compiled))))
        let compiled = try CompiledFile.read(bytes, name: "file"), weights = PackedWeights(compiled: compiled)
        let graph = try compiled.graph([TensorSpec(.float32, [3, 200])])
        let other = try #require(
            ["scalar", "v128", "avx2"].compactMap { Machine.instructionSets(upTo: $0) }.first {
                !Machine.areAlike($0, compiled.instructionSets)
            })
        let lowering = Lowering(isa: other, workers: Workers(), weights: weights)
        for _ in 0..<3 {
            let error = #expect(throws: RuntimeError.self) {
                try Planner.plan(graph, lowering: lowering, useKernels: true)
            }
            #expect(
                error?.description
                    == "file: it lacks weights as kernels here want them; compile the ONNX file on this machine")
        }
        // The file's own kernels go on.
        let own = Lowering(isa: compiled.instructionSets, workers: Workers(), weights: weights)
        #expect(try Planner.plan(graph, lowering: own, useKernels: true).steps.count > 1)
    }

    @Test func packedBytesAreChecked() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files.compiled)))
        // The last part of the file is packed weights, before the checksum.
        bytes[bytes.count - 9] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: files.compiled))
        let error = #expect(throws: RuntimeError.self) { try Model.load(files.compiled) }
        #expect(
            error?.description
                == "\(files.compiled): a damaged compiled model: its checksum is wrong; compile the ONNX file again")
    }

    @Test func whatItIsNotForIsRefused() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        let model = try Model.load(files.compiled)
        var options = SessionOptions()
        options.instructionSet = "scalar"
        let error = #expect(throws: RuntimeError.self) { try Session(model, options: options) }
        #expect(error?.description.contains("kernels here are of scalar") == true)
        #expect(error?.description.contains("compile the ONNX file on this machine") == true)
        options = SessionOptions()
        options.referenceOnly = true
        let slow = #expect(throws: RuntimeError.self) { try Session(model, options: options) }
        #expect(slow?.description == "\(files.compiled): compiled for fast kernels alone; references run the ONNX file")
    }

    @Test func whatCannotBeCompiledIsRefused() throws {
        let files = try Self.compiled()
        defer { files.remove() }
        let again = try Session(try Model.load(files.compiled))
        let error = #expect(throws: RuntimeError.self) { try again.compile(to: files.onnx) }
        #expect(error?.description.hasSuffix("compiled already; compile the ONNX file") == true)
        let context = try Session(try Model.load(files.onnx)).makeContext()
        let nothing = #expect(throws: RuntimeError.self) { try context.session.compile(to: files.compiled) }
        #expect(nothing?.description.contains("no input shapes were prepared") == true)
        try context.prepare([[1, 200]])
        let nowhere = #expect(throws: RuntimeError.self) { try context.session.compile(to: "/nowhere/model.deixis") }
        #expect(nowhere?.description.contains("cannot be written") == true)
    }

    private func mapped(_ bytes: [UInt8]) throws -> ByteStorage {
        try ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    }
}
