@testable import DeixisPickle
import Foundation
import Testing

@Suite struct TorchFileTests {
    static func path(_ name: String) -> String { PickleTests.fixtures + name }

    @Test("A state dictionary, in both forms of torch.save", arguments: ["state.zip.pth", "state.legacy.pth"])
    func tensors(_ name: String) throws {
        let file = try TorchFile(Self.path(name)), tensors = file.tensors(in: file.tree.root)
        #expect(
            tensors.map(\.name) == [
                "plain.weight", "turned.weight", "part.weight", "half", "brain", "bn.num_batches_tracked", "double",
                "none", "repeated",
            ])
        let values = try Dictionary(
            uniqueKeysWithValues: tensors.map { ($0.name, try file.values(of: $0.tensor, named: $0.name)) })
        #expect(values["plain.weight"] == (0..<12).map { Float($0) })
        #expect(values["turned.weight"] == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
        #expect(values["part.weight"] == [4, 5, 6, 7])
        #expect(values["half"] == [0.5, -1.25])
        #expect(values["brain"] == [0.5, -3])
        #expect(values["bn.num_batches_tracked"] == [5])
        #expect(values["double"] == [Float(1.0 / 3.0)])
        #expect(values["none"] == [])
        #expect(values["repeated"] == [1, 1, 1, 1])
        #expect(tensors[0].tensor.shape == [3, 4] && tensors[1].tensor.shape == [4, 3])
    }

    @Test func trainingCheckpoint() throws {
        let file = try TorchFile(Self.path("checkpoint.zip.pth"))
        let model = try #require(file.tree.field("model", of: file.tree.root))
        let tensors = file.tensors(in: model)
        #expect(tensors.map(\.name) == ["a"])
        #expect(try file.values(of: tensors[0].tensor, named: "a") == [2])
    }

    @Test(arguments: ["samples.zip.pth", "samples.legacy.pth"]) func samples(_ name: String) throws {
        let file = try TorchFile(Self.path(name)), list = try #require(file.tree.elements(file.tree.root))
        let parts = try #require(file.tree.elements(list[0]))
        #expect(file.tree.text(parts[0]) == "COCO_train2014_000000000839.jpg")
        #expect(file.tree.numbers(parts[2]) == [303.58, 69.03, 293.29, 425.79])
    }

    static func temporary(_ bytes: [UInt8]) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/deixis-\(UUID().uuidString).pth"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    static func message(_ bytes: [UInt8]) throws -> String {
        let path = try temporary(bytes)
        defer { try? FileManager.default.removeItem(atPath: path) }
        do throws(PickleError) {
            _ = try TorchFile(path)
            return "read"
        } catch { return error.description.replacing(path, with: "x.pth") }
    }

    @Test func refused() throws {
        #expect(try Self.message([]) == "x.pth: byte 0: expected a file of torch.save, found an empty file")
        #expect(
            try Self.message(Array("<!DOCTYPE html>".utf8))
                == "x.pth: byte 0: expected a file of torch.save, found something else")
        let zip = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path("state.zip.pth"))))
        #expect(
            try Self.message(Array(zip.prefix(2000))).contains(
                "expected the directory of a zip archive at the end (a download that broke off has none)"))
        let legacy = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path("state.legacy.pth"))))
        #expect(try Self.message(Array(legacy.dropLast(20))).contains("expected storage"))
    }

    @Test("Every file cut anywhere, and with any byte changed, is read or refused") func damage() throws {
        for name in ["state.zip.pth", "state.legacy.pth", "checkpoint.zip.pth"] {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path(name))))
            var random: UInt32 = 7
            for at in bytes.indices {
                random = random &* 1_664_525 &+ 1_013_904_223
                var changed = bytes
                changed[at] = UInt8(truncatingIfNeeded: random >> 16)
                let path = try Self.temporary(at % 3 == 0 ? Array(bytes[..<at]) : changed)
                defer { try? FileManager.default.removeItem(atPath: path) }
                guard let file = try? TorchFile(path) else { continue }
                for (name, tensor) in file.tensors(in: file.tree.root) { _ = try? file.values(of: tensor, named: name) }
            }
        }
    }
}
