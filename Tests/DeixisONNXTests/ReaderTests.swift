import DeixisExport
import DeixisGraph
import Testing

@testable import DeixisONNX

private func storage(_ bytes: [UInt8]) -> ByteStorage { Constant(.uint8, [bytes.count], bytes).storage }

private func message(_ bytes: [UInt8]) -> String {
    do throws(ONNXError) { _ = try Graph(onnx: storage(bytes), name: "m.onnx"); return "no error" } catch {
        return error.description
    }
}

/// Every kind of field the reader knows, in a few hundred bytes.
private func sample() -> Graph {
    var graph = Graph(opset: 17)
    graph.metadata = [("deixis.version", "1"), ("note", "ü")]
    let x = graph.addInput("x", TensorType(.float32, [.symbol("batch"), .fixed(2)]))
    let w = graph.addConstant("w", Constant(.float32, [2, 2], [Float](arrayLiteral: 1, 2, 3, 4)))
    let shape = graph.addConstant("shape", Constant(.int64, [1], [Int64(-1)]))
    let product = graph.addNode("MatMul", [x, w], name: "product", output: "p")
    let clipped = graph.addNode(
        "Clip", [product, nil, w], name: "clip", output: "q",
        attributes: [
            ("i", .int(-3)), ("f", .float(0.5)), ("s", .string("text")), ("ints", .ints([1, -2])),
            ("floats", .floats([0.25])),
            ("strings", .strings(["a", "b"])), ("t", .tensor(Constant(.uint8, [3], [UInt8](arrayLiteral: 1, 2, 3)))),
        ])
    let flat = graph.addNode("Reshape", [clipped, shape], name: "flat", output: "y")
    graph[flat].type = TensorType(.float32, [.unknown])
    graph.outputs = [flat]
    return graph
}

@Suite struct ReaderTests {
    @Test func readsWhatWasWritten() throws {
        let graph = try Graph(onnx: storage(try ONNXFile.bytes(of: sample())))
        try graph.check()
        #expect(graph.listing == sample().listing)
        #expect(graph.opset == 17)
        #expect(graph.metadata.map(\.key) == ["deixis.version", "note"] && graph.metadata.map(\.value) == ["1", "ü"])
        let weights = try #require(graph.constants.values.first { $0.shape == [2, 2] })
        #expect(weights.bytes.loadUnaligned(fromByteOffset: 12, as: Float.self) == 4)
    }

    /// A file cut anywhere, or with any byte changed, is read or refused with a typed error; nothing crashes or hangs.
    @Test func damagedFilesGiveTypedErrors() throws {
        let bytes = try ONNXFile.bytes(of: sample())
        var refused = 0
        for length in 0..<bytes.count {
            if (try? Graph(onnx: storage(Array(bytes[..<length])))) == nil { refused += 1 }
        }
        #expect(refused > bytes.count / 2)
        for position in bytes.indices {
            for change in [0x00, 0x01, 0x7F, 0x80, 0xFF, bytes[position] ^ 0x04, bytes[position] &+ 1] as [UInt8] {
                var damaged = bytes
                damaged[position] = change
                if let graph = try? Graph(onnx: storage(damaged)) { _ = graph.listing }
            }
        }
    }

    @Test func messagesSayWhatAndWhere() {
        #expect(message([]) == "m.onnx: the file is empty")
        #expect(
            message([0x08]) == "m.onnx: not an ONNX file, or a damaged one: a number is cut off at byte 1 (ModelProto)")
        #expect(
            message([0x3A, 0x7F])
                == "m.onnx: not an ONNX file, or a damaged one: a length runs past the end at byte 0 (ModelProto)")
        #expect(
            message([0x0F]) == "m.onnx: not an ONNX file, or a damaged one: an unknown wire type at byte 0 (ModelProto)"
        )
        #expect(message([0x12, 0x01, 0x61]) == "m.onnx: not an ONNX model: it has no ir_version")
        #expect(message([0x08, 0x02]) == "m.onnx: the model has IR version 2, older than 3, which is not supported")
        #expect(message([0x08, 0x08]) == "m.onnx: the model has no graph")
        #expect(message([0x08, 0x08, 0x3A, 0x00]) == "m.onnx: the model does not say which opset of ai.onnx it uses")
    }

    @Test func missingFilesAndFoldersAreNamed() {
        func open(_ path: String) -> String {
            do throws(ONNXError) { _ = try Graph(onnxFile: path); return "no error" } catch { return error.description }
        }
        #expect(open("/nowhere/model.onnx") == "/nowhere/model.onnx: cannot be opened: No such file or directory")
        #expect(open("/").hasPrefix("/: cannot be opened: "))
    }

    /// TensorProto: dims 2, data_type 1 (float), name "t", and a place in another file.
    @Test(arguments: [
        ("../secret", "m.onnx: tensor 't' lies in '../secret', which is outside the model's folder"),
        ("/etc/passwd", "m.onnx: tensor 't' lies in '/etc/passwd', which is outside the model's folder"),
        ("a/../../b", "m.onnx: tensor 't' lies in 'a/../../b', which is outside the model's folder"),
    ])
    func externalDataStaysInTheFolder(_ location: String, _ expected: String) {
        let pair = [0x0A, 8] + Array("location".utf8) + [0x12, UInt8(location.utf8.count)] + Array(location.utf8)
        let bytes: [UInt8] = [0x08, 2, 0x10, 1, 0x42, 1, 0x74, 0x6A, UInt8(pair.count)] + pair + [0x70, 1]
        var reader = Reader(file: "m.onnx", storage: storage(bytes), folder: "/tmp/", limits: Limits())
        do throws(ONNXError) {
            _ = try reader.tensor(reader.whole)
            Issue.record("no error")
        } catch { #expect(error.description == expected) }
    }

    /// Packed and unpacked lists of every kind, as old writers leave them.
    @Test func typedListsAreRead() throws {
        func tensor(_ bytes: [UInt8]) throws -> [UInt8] {
            var reader = Reader(file: "t", storage: storage(bytes), folder: nil, limits: Limits())
            let constant = try reader.tensor(reader.whole).constant
            return withExtendedLifetime(constant) { Array(constant.bytes) }
        }
        // int64_data, packed and not
        #expect(try tensor([0x08, 2, 0x10, 7, 0x3A, 2, 5, 6]) == tensor([0x08, 2, 0x10, 7, 0x38, 5, 0x38, 6]))
        // int32_data as uint8
        #expect(try tensor([0x08, 3, 0x10, 2, 0x2A, 3, 1, 2, 3]) == [1, 2, 3])
        // float_data, unpacked: 1.0
        #expect(try tensor([0x10, 1, 0x25, 0, 0, 0x80, 0x3F]) == [0, 0, 0x80, 0x3F])
        #expect(throws: ONNXError.self) { try tensor([0x08, 4, 0x10, 2, 0x2A, 3, 1, 2, 3]) }
    }
}
