public import DeixisGraph

extension Graph {
    /// The model in the ONNX file at `path`, which stays mapped while any constant of the graph lives.
    public init(onnxFile path: String, limits: Limits = Limits()) throws(ONNXError) {
        try self.init(onnxFile: path, try mapFile(path), limits: limits)
    }

    /// The same where the caller has mapped the file already.
    public init(onnxFile path: String, _ bytes: ByteStorage, limits: Limits = Limits()) throws(ONNXError) {
        try self.init(file: path, storage: bytes, folder: Self.folder(of: path), limits)
    }

    /// The model in `bytes`; tensors are views into them. `name` stands for the file in messages.
    public init(onnx bytes: ByteStorage, name: String = "model", limits: Limits = Limits()) throws(ONNXError) {
        try self.init(file: name, storage: bytes, folder: nil, limits)
    }

    /// The paths of the files beside the model at `path` that hold some of its weights (external data).
    public static func weightFiles(ofONNXFile path: String) throws(ONNXError) -> [String] {
        let folder = folder(of: path)
        var reader = Reader(file: path, storage: try mapFile(path), folder: folder, limits: Limits())
        _ = try reader.model()
        return reader.external.keys.map { folder + "\($0)" }
    }

    /// With its final `/`; empty for a bare name.
    private static func folder(of path: String) -> String {
        let utf8 = Array(path.utf8)
        let slash = utf8.lastIndex(of: 0x2F)
        return slash.map { String(decoding: utf8[...$0], as: UTF8.self) } ?? ""
    }

    private init(file: String, storage: ByteStorage, folder: String?, _ limits: Limits) throws(ONNXError) {
        guard !storage.bytes.isEmpty else { throw .empty(file: file) }
        var reader = Reader(file: file, storage: storage, folder: folder, limits: limits)
        self = try reader.model()
    }
}

extension Constant {
    /// The tensor of a file that holds one `TensorProto`, as ONNX test data does, and its name.
    public static func read(onnxFile path: String) throws(ONNXError) -> (name: Name, constant: Constant) {
        var reader = Reader(file: path, storage: try mapFile(path), folder: nil, limits: Limits())
        return try reader.tensor(reader.whole)
    }
}
