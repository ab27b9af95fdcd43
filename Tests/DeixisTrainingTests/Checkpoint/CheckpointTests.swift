import DeixisFiles
@testable import DeixisTraining
import Foundation
import Testing

@Suite struct CheckpointTests {
    /// A folder that goes with the test.
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("deixis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    /// A little model with its optimizer and one step of training it.
    private struct Model {
        let store = ParameterStore<Float>(seed: 4)
        let first, second: Linear<Float>
        let optimizer: AdamW<Float>

        init(width: Int = 6) {
            first = Linear(store.root("first"), 3, width)
            second = Linear(store.root("second"), width, 1)
            _ = store.root.buffer("statistic", [2], .values([0.25, 4]))
            var settings = AdamW<Float>.Settings()
            settings.averageDecay = 0.9
            optimizer = AdamW([.init(name: "all", learningRate: 0.01, store.trainable)], settings)
        }

        func step(_ number: Int) -> Float {
            store.clearGradients()
            let tape = Tape<Float>(.training(seed: UInt64(number)))
            let x = Tensor<Float>([4, 3], (0..<12).map { Float(($0 * 5 + number) % 7) / 7 })
            let y = second(first(tape.variable(x), activation: .relu).dropout(0.2)).sigmoid()
            tape.backward(y)
            optimizer.update()
            return y.tensor.values.reduce(0, +)
        }
    }

    @Test func resumesToTheSameLosses() throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("run.checkpoint").path
            let whole = Model()
            let expected = (0..<8).map { whole.step($0) }
            let stopped = Model()
            for step in 0..<4 { _ = stopped.step(step) }
            try Checkpoint.save(
                stopped.store, optimizer: stopped.optimizer, metadata: ["epoch": "4", "text": "ä\n\"/"], to: path)
            let resumed = Model()
            _ = resumed.step(99)
            let metadata = try Checkpoint.load(path, into: resumed.store, optimizer: resumed.optimizer)
            #expect(metadata == ["epoch": "4", "text": "ä\n\"/"])
            #expect(try Checkpoint.metadata(of: path) == metadata)
            #expect(resumed.optimizer.step == 4)
            #expect((4..<8).map { resumed.step($0) } == Array(expected[4...]))
            for (a, b) in zip(whole.store.all, resumed.store.all) { #expect(a.value.values == b.value.values) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["run.checkpoint"])
        }
    }

    /// Made by tools/oracles/checkpoint_version1.py from the document alone.
    @Test func readsVersion1() throws {
        let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/version1.checkpoint")
        let store = ParameterStore<Float>(seed: 1)
        let layer = Linear(store.root("first"), 3, 7)
        #expect(try Checkpoint.load(golden.path, into: store) == ["made": "by version 1"])
        #expect(layer.weight.value.values == (0..<21).map { Float($0) / 8 - 1 })
        #expect(store["first.bias"]?.value.values == (0..<7).map { Float($0 * $0) / 4 })
        try withFolder { folder in
            let copy = folder.appendingPathComponent("copy")
            var bytes = try Data(contentsOf: golden)
            bytes[bytes.count - 37] ^= 1
            try bytes.write(to: copy)
            let damaged = TrainingError.format(
                path: copy.path, reason: "tensor first.bias is damaged: its checksum does not match")
            #expect(throws: damaged) { try Checkpoint.load(copy.path, into: store) }
        }
    }

    @Test func refusesWhatIsDamaged() throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("run.checkpoint").path
            let model = Model()
            try Checkpoint.save(model.store, optimizer: model.optimizer, to: path)
            let good = try Data(contentsOf: URL(fileURLWithPath: path))
            func message(_ change: (inout Data) -> Void) throws -> String {
                var data = good
                change(&data)
                try data.write(to: URL(fileURLWithPath: path))
                do throws(TrainingError) {
                    try Checkpoint.load(path, into: model.store, optimizer: model.optimizer)
                    return "no error"
                } catch {
                    return error.description.replacingOccurrences(of: path, with: "FILE")
                }
            }
            #expect(try message { $0 = Data() } == "FILE: not a checkpoint: it does not begin with DEIXISCK")
            #expect(try message { $0 = $0.prefix(20) } == "FILE: truncated: 20 bytes, the header needs 32")
            #expect(try message { $0[8] = 3 } == "FILE: checkpoint version 3, this program reads versions 1 to 2")
            #expect(try message { $0[23] = 1 }.hasPrefix("FILE: the header's length "))
            #expect(try message { $0[40] ^= 1 } == "FILE: the header is damaged: its checksum does not match")
            #expect(
                try message { $0[$0.count - 64] ^= 1 }
                    == "FILE: tensor statistic is damaged: its checksum does not match")
            #expect(try message { $0 = $0.prefix($0.count - 64) }.hasPrefix("FILE: truncated: "))
            // Every truncation is refused, none crashes; the zeros behind the last tensor do not count.
            for count in stride(from: 0, to: good.count - 64, by: 97) {
                #expect(try message { $0 = $0.prefix(count) } != "no error")
            }
        }
    }

    @Test func refusesAnotherNetwork() throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("run.checkpoint").path
            try Checkpoint.save(Model().store, to: path)
            #expect(throws: TrainingError.shape(path: path, tensor: "first.weight", expected: [7, 3], got: [6, 3])) {
                try Checkpoint.load(path, into: Model(width: 7).store)
            }
            let model = Model()
            #expect(throws: TrainingError.missingTensor(path: path, tensor: "first.weight (first)")) {
                try Checkpoint.load(path, into: model.store, optimizer: model.optimizer)
            }
            let less = ParameterStore<Float>(seed: 1)
            _ = Linear(less.root("first"), 3, 6)
            #expect(throws: TrainingError.unknownTensor(path: path, tensor: "second.weight")) {
                try Checkpoint.load(path, into: less)
            }
            #expect(throws: TrainingError.file(.system(.read, path: "/nowhere/x", code: ENOENT))) {
                try Checkpoint.load("/nowhere/x", into: less)
            }
        }
    }
}
