import CDeixisProto
import DeixisFiles
public import DeixisGraph

/// Graph and weights -> a standard ONNX file.
///
/// Packing streams: protobuf-c hands over pieces that go to the file as they come, and `raw_data` is written from the
/// constant's own memory, so writing costs no second copy of the weights.
public enum ONNXFile {
    public struct Options: Sendable {
        /// Used where `Graph.producer` is empty.
        public var producerName: Name = "deixis"
        public var producerVersion: Name = ""
        /// Markdown about the model and about its graph.
        public var docString: Name = ""
        public var graphDocString: Name = ""
        /// Also write the types of the values between inputs and outputs, where the graph knows them.
        public var valueInfo = false

        public init() {}
    }

    /// The protobuf library refuses longer messages.
    public static let byteLimit = Int(Int32.max)

    /// Writes `graph` to `path`: whole and durable, or not at all.
    public static func write(_ graph: Graph, to path: String, options: Options = Options()) throws(ExportError) {
        try withModel(graph, options) { (model) throws(ExportError) in
            let size = protobuf_c_message_get_packed_size(model)
            guard size <= byteLimit else { throw .tooLarge(path: path, byteCount: size) }
            do throws(FileError) {
                let sink = FileSink(try ReplacingFile(path: path))
                try sink.pack(model)
                try sink.file.commit()
            } catch {
                throw .file(error)
            }
        }
    }

    /// The bytes that `write` would put into the file.
    public static func bytes(of graph: Graph, options: Options = Options()) throws(ExportError) -> [UInt8] {
        try withModel(graph, options) { (model) throws(ExportError) in
            let size = protobuf_c_message_get_packed_size(model)
            guard size <= byteLimit else { throw .tooLarge(path: "(memory)", byteCount: size) }
            return [UInt8](unsafeUninitializedCapacity: size) { target, count in
                count = protobuf_c_message_pack(model, target.baseAddress)
            }
        }
    }

    /// The IR version that came with an opset, so that readers of that time accept the file.
    static func irVersion(opset: Int) -> Int64 {
        switch opset {
        case ...8: 3
        case 9: 4
        case 10: 5
        case 11: 6
        case 12...14: 7
        case 15...18: 8
        case 19...20: 9
        case 21...22: 10
        case 23: 11
        case 24: 12
        default: 13
        }
    }

    private static func withModel<Result>(
        _ graph: Graph, _ options: Options,
        _ body: (UnsafePointer<ProtobufCMessage>) throws(ExportError) -> Result
    ) throws(ExportError) -> Result {
        try GraphCheck.check(graph)
        let arena = MessageArena()
        defer { withExtendedLifetime((arena, graph)) {} }
        let model = ONNXMessages(graph: graph, options: options, arena: arena).model()
        return try body(UnsafeRawPointer(model).assumingMemoryBound(to: ProtobufCMessage.self))
    }
}

/// A ProtobufCBuffer whose pieces go to a file. protobuf-c cannot be stopped half-way, so the first error is kept and
/// the rest dropped.
private final class FileSink {
    let file: ReplacingFile
    private var error: FileError?

    init(_ file: ReplacingFile) { self.file = file }

    /// The buffer first, so that protobuf-c's pointer to it is a pointer to this.
    private struct Buffer {
        var base: ProtobufCBuffer
        var sink: Unmanaged<FileSink>
    }

    func pack(_ message: UnsafePointer<ProtobufCMessage>) throws(FileError) {
        var buffer = Buffer(
            base: ProtobufCBuffer(append: { base, count, data in
                guard let base else { return }
                let sink = UnsafeRawPointer(base).assumingMemoryBound(to: Buffer.self).pointee.sink
                sink.takeUnretainedValue().append(UnsafeRawBufferPointer(start: data, count: count))
            }),
            sink: Unmanaged.passUnretained(self))
        withUnsafeMutablePointer(to: &buffer) { pointer in
            let base = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: ProtobufCBuffer.self)
            _ = protobuf_c_message_pack_to_buffer(message, base)
        }
        if let error { throw error }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) {
        guard error == nil else { return }
        do {
            try file.write(bytes)
        } catch {
            self.error = error
        }
    }
}
