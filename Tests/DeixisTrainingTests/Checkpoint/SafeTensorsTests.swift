@testable import DeixisTraining
import Foundation
import Testing

@Suite struct SafeTensorsTests {
    private func file(_ header: String, _ data: [UInt8]) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "deixis-\(UUID().uuidString).safetensors"
        ).path
        let text = Array(header.utf8)
        var bytes = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
        bytes += text + data
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func readsEveryFloat() throws {
        let header = """
            {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},\
            "b":{"dtype":"F16","shape":[4],"data_offsets":[8,16]},"c":{"dtype":"BF16","shape":[1,2],"data_offsets":[16,20]},\
            "d":{"dtype":"I64","shape":[],"data_offsets":[20,28]}}
            """
        // 1.5, -2 | 1, -2, smallest subnormal, infinity | 1, -3 | 7
        let data: [UInt8] = [
            0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 0, 0x3C, 0, 0xC0, 1, 0, 0, 0x7C, 0x80, 0x3F, 0x40, 0xC0, 7, 0, 0, 0, 0, 0,
            0, 0,
        ]
        let path = try file(header, data)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let tensors = try SafeTensors(path)
        #expect(tensors.names == ["a", "b", "c", "d"])
        #expect(try tensors.values(of: "a") == [1.5, -2])
        #expect(try tensors.values(of: "b") == [1, -2, 0x1p-24, .infinity])
        #expect(try tensors.values(of: "c") == [1, -3])
        #expect(tensors.shape(of: "c") == [1, 2])
        #expect(throws: TrainingError.format(path: path, reason: "tensor d is I64; F32, F16, BF16 and F64 are read")) {
            try tensors.values(of: "d")
        }
        #expect(throws: TrainingError.missingTensor(path: path, tensor: "e")) { try tensors.values(of: "e") }
    }

    @Test func readsWhatItWrote() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "deixis-\(UUID().uuidString).safetensors"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = ParameterStore<Float>(seed: 4)
        let weight = store.root("b").parameter("weight", [3, 2, 1, 1], .normal(deviation: 1))
        let mean = store.root("a").buffer("mean", [5], .normal(deviation: 1))
        try SafeTensors.write([weight, mean], metadata: ["made by": "a \"test\""], to: path)
        let tensors = try SafeTensors(path)
        #expect(tensors.names == ["a.mean", "b.weight"])
        #expect(tensors.shape(of: "b.weight") == [3, 2, 1, 1])
        #expect(try tensors.values(of: "b.weight") == weight.value.values)
        #expect(try tensors.values(of: "a.mean") == mean.value.values)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(length % 8 == 0 && bytes.count == 8 + length + 11 * 4)
        let header = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length])) as? [String: [String: Any]])
        #expect(header["__metadata__"] as? [String: String] == ["made by": "a \"test\""])
        #expect(header["a.mean"]?["data_offsets"] as? [Int] == [24, 44])
        // What cannot be written leaves no file behind, and what lay there stays.
        #expect(throws: TrainingError.self) { try SafeTensors.write([weight], to: path + ".none/file") }
        let other = ParameterStore<Double>(seed: 4).root.parameter("c", [2], .values([1, 2]))
        try SafeTensors.write([other], to: path)
        #expect(try SafeTensors(path).values(of: "c") == [1, 2])
    }

    @Test(arguments: [
        #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
        #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[]}}"#,
    ])
    func refusesOffsetsThatLie(_ header: String) throws {
        let path = try file(header, [0, 0, 0, 0, 0, 0, 0, 0])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let tensors = try SafeTensors(path)
        #expect(throws: TrainingError.self) { try tensors.values(of: "a") }
    }

    @Test func refusesOtherFiles() throws {
        let path = try file("no json", [])
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: TrainingError.format(path: path, reason: "the header is not the JSON of a safetensors file")) {
            try SafeTensors(path)
        }
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
        #expect(throws: TrainingError.format(path: path, reason: "not a safetensors file: 3 bytes")) {
            try SafeTensors(path)
        }
        try Data([UInt8](repeating: 0xFF, count: 16)).write(to: URL(fileURLWithPath: path))
        #expect(throws: TrainingError.self) { try SafeTensors(path) }
    }
}
