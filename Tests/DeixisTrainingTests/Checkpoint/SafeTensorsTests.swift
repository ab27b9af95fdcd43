@testable import DeixisTraining
import Foundation
import Testing

@Suite struct SafeTensorsTests {
    private func file(_ header: String, _ data: [UInt8]) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("deixis-\(UUID().uuidString).safetensors").path
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
        let data: [UInt8] = [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 0, 0x3C, 0, 0xC0, 1, 0, 0, 0x7C, 0x80, 0x3F, 0x40, 0xC0, 7, 0, 0, 0, 0, 0, 0, 0]
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

    @Test(arguments: [
        #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
        #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, #"{"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,8]}}"#,
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
        #expect(throws: TrainingError.format(path: path, reason: "the header is not the JSON of a safetensors file")) { try SafeTensors(path) }
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
        #expect(throws: TrainingError.format(path: path, reason: "not a safetensors file: 3 bytes")) { try SafeTensors(path) }
        try Data([UInt8](repeating: 0xFF, count: 16)).write(to: URL(fileURLWithPath: path))
        #expect(throws: TrainingError.self) { try SafeTensors(path) }
    }
}
