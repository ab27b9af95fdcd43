internal import DeixisFiles

/// What `torch.save` wrote: a pickle, and the numbers of its tensors beside it. Nothing of it is ever called.
///
/// Two forms: a zip archive (PyTorch 1.6 and later) with `data.pkl` and a file per storage; and the older stream of
/// five pickles with the storages behind them. PyTorch's `docs/source/notes/serialization.rst` describes both.
public final class TorchFile {
    public let path: String
    public let tree: PickleTree
    let file: InputFile
    /// Where a storage's bytes are, by its key.
    let storages: [String: Range<Int>]

    /// Names that state dictionaries and training checkpoints hold.
    static let globals: Set<String> = PickleTree.numPyGlobals.union(TorchScalar.storages.keys.map { "torch." + $0 })
        .union([
            "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "torch._utils._rebuild_tensor",
            "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "torch.storage.UntypedStorage",
            "torch.storage.TypedStorage",
            "torch.nn.parameter.Parameter", "torch.Size", "torch.device", "torch.float32", "torch.float64",
            "torch.float16", "torch.bfloat16",
            "torch.int64", "torch.int32", "torch.int16", "torch.int8", "torch.uint8", "torch.bool",
            "argparse.Namespace", "pathlib.PosixPath",
            "pathlib.WindowsPath", "builtins.set", "builtins.dict", "builtins.list", "__builtin__.set",
            "__builtin__.dict", "__builtin__.list",
        ])

    public init(_ path: String) throws(PickleError) {
        self.path = path
        let file = try PickleError.file { () throws(FileError) in try InputFile(path) }
        let head = try Self.bytes(file, 0..<min(file.size, 262 + 6))
        if head.starts(with: ZipArchive.signature) {
            (tree, storages) = try Self.archive(file)
        } else if head.starts(with: [0x80, 0x02, 0x8A, 0x0A]) {
            (tree, storages) = try Self.stream(file)
        } else {
            let isTar = head.count >= 262 && Array(head[257..<262]) == Array("ustar".utf8)
            throw .malformed(
                path: path, offset: 0, expected: "a file of torch.save",
                found: isTar
                    ? "the tar of PyTorch before 0.1.10; save it again with a newer PyTorch"
                    : head.isEmpty ? "an empty file" : "something else")
        }
        self.file = file
    }

    static func bytes(_ file: InputFile, _ range: Range<Int>) throws(PickleError) -> [UInt8] {
        try PickleError.file { () throws(FileError) in try file.bytes(at: range.lowerBound, count: range.count) }
    }

    // MARK: A zip archive

    private static func archive(_ file: InputFile) throws(PickleError) -> (PickleTree, [String: Range<Int>]) {
        let entries = try ZipArchive(file).entries
        func malformed(_ expected: String, _ found: String) -> PickleError {
            .malformed(path: file.path, offset: 0, expected: expected, found: found)
        }
        guard
            let pickle = entries.keys.filter({ $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }).min(by: {
                $0.count < $1.count
            }), let place = entries[pickle]
        else { throw malformed("data.pkl in the archive", "\(entries.count) other files") }
        let folder = pickle.dropLast("data.pkl".count)
        if entries[folder + "constants.pkl"] != nil {
            throw malformed("a file of torch.save", "a TorchScript module; save its state_dict()")
        }
        if let order = entries[folder + "byteorder"], order.count <= 8 {
            let text = String(decoding: try bytes(file, order), as: UTF8.self)
            guard text == "little" else {
                throw malformed("numbers with their lowest byte first", "byte order '\(text)'")
            }
        }
        guard place.count <= PickleTree.fileLimit else {
            throw .tooMany(path: file.path, what: "bytes of data.pkl", limit: PickleTree.fileLimit)
        }
        var reader = PickleReader(path: file.path, bytes: try bytes(file, place), globals: globals)
        let data = folder + "data/"
        let storages = entries.filter { $0.key.hasPrefix(data) }
        return (
            try reader.read(),
            Dictionary(uniqueKeysWithValues: storages.map { (String($0.key.dropFirst(data.count)), $0.value) })
        )
    }

    // MARK: The older stream

    private static func stream(_ file: InputFile) throws(PickleError) -> (PickleTree, [String: Range<Int>]) {
        // The pickles of networks are short; lists of samples are the whole file.
        let short = min(file.size, 1 << 24)
        if short < file.size {
            do throws(PickleError) { return try stream(file, try bytes(file, 0..<short)) } catch {
                guard case .malformed = error else { throw error }
            }
        }
        guard file.size <= PickleTree.fileLimit else {
            throw .tooMany(path: file.path, what: "bytes", limit: PickleTree.fileLimit)
        }
        return try stream(file, try bytes(file, 0..<file.size))
    }

    private static func stream(_ file: InputFile, _ bytes: [UInt8]) throws(PickleError) -> (
        PickleTree, [String: Range<Int>]
    ) {
        var at = 0
        func next() throws(PickleError) -> PickleTree {
            var reader = PickleReader(path: file.path, bytes: bytes, at: at, globals: globals)
            defer { at = reader.at }
            return try reader.read()
        }
        let magic = try next(), version = try next(), system = try next()
        func malformed(_ expected: String, _ found: String) -> PickleError {
            .malformed(path: file.path, offset: at, expected: expected, found: found)
        }
        guard magic.bytes(magic.root) == [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19] else {
            throw malformed("the number that files of torch.save begin with", magic.label(magic.root))
        }
        guard version.integer(version.root) == 1001 else {
            throw malformed("protocol 1001", version.label(version.root))
        }
        if system.field("little_endian", of: system.root) == .bool(false) {
            throw malformed("numbers with their lowest byte first", "big-endian ones")
        }
        let tree = try next(), keys = try next()
        guard let names = keys.elements(keys.root) else { throw malformed("a list of storages", keys.label(keys.root)) }
        let widths = tree.storageWidths
        var storages: [String: Range<Int>] = [:]
        for name in names {
            guard let name = keys.text(name), let width = widths[name] else {
                throw malformed("the name of a storage", keys.label(name))
            }
            guard at <= file.size - 8 else { throw malformed("storage \(name)", "the end of the file") }
            let count = Fields(try Self.bytes(file, at..<at + 8)).u64(0), room = file.size - at - 8
            guard count >= 0, count <= room / width else {
                throw malformed("storage \(name) of \(count) elements", "\(room) bytes")
            }
            storages[name] = at + 8..<at + 8 + count * width
            at += 8 + count * width
        }
        return (tree, storages)
    }
}
