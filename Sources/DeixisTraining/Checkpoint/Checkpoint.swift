import CDeixisSystem
import DeixisFiles
import FoundationEssentials

/// A training run's state in one file; the layout is in formats/checkpoint.md.
public enum Checkpoint {
    static let magic = Array("DEIXISCK".utf8)
    static let version: UInt32 = 2
    static let headerLimit = 64 << 20

    enum Role: String, Codable {
        case value, first, second, average
    }

    struct Entry: Codable {
        var name: String
        var role: Role
        var shape: [Int]
        var steps: Int?
        var offset: Int
        var checksum: String
    }

    struct Header: Codable {
        var scalar: String
        var step: Int
        var metadata: [String: String]
        var tensors: [Entry]
    }

    /// Writes every parameter, and the optimizer's state if given; the file appears whole or not at all.
    ///
    /// - Parameter metadata: texts of the caller's, given back by `load`.
    public static func save<Scalar: Real>(
        _ parameters: ParameterStore<Scalar>, optimizer: AdamW<Scalar>? = nil, metadata: [String: String] = [:],
        to path: String
    ) throws(TrainingError) {
        var header = Header(
            scalar: Scalar.isDouble ? "float64" : "float32", step: optimizer?.step ?? 0, metadata: metadata, tensors: []
        )
        var tensors: [Tensor<Scalar>] = []
        var offset = 0
        func add(_ name: String, _ role: Role, _ tensor: Tensor<Scalar>, steps: Int? = nil) {
            let bytes = tensor.count * MemoryLayout<Scalar>.stride
            header.tensors.append(
                Entry(
                    name: name, role: role, shape: tensor.shape, steps: steps, offset: offset,
                    checksum: hexadecimal(deixis_checksum(0, tensor.pointer, bytes))))
            tensors.append(tensor)
            offset += aligned(bytes)
        }
        for parameter in parameters.all {
            add(parameter.name, .value, parameter.value)
            guard let moments = optimizer?.moments[parameter.name] else { continue }
            add(parameter.name, .first, moments.first, steps: moments.steps)
            add(parameter.name, .second, moments.second)
            if let average = moments.average { add(parameter.name, .average, average) }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let text = try? encoder.encode(header) else {
            throw .format(path: path, reason: "the metadata cannot be written as JSON")
        }
        do {
            let file = try ReplacingFile(path: path)
            var start = magic
            append(version, to: &start)
            append(UInt32(0), to: &start)
            append(UInt64(text.count), to: &start)
            append(text.withUnsafeBytes { deixis_checksum(0, $0.baseAddress, $0.count) }, to: &start)
            start.append(contentsOf: text)
            start.append(contentsOf: repeatElement(0, count: aligned(start.count) - start.count))
            try file.write(start)
            for tensor in tensors {
                let bytes = tensor.count * MemoryLayout<Scalar>.stride
                try file.write(UnsafeRawBufferPointer(start: tensor.pointer, count: bytes))
                try file.write([UInt8](repeating: 0, count: aligned(bytes) - bytes))
            }
            try file.commit()
        } catch {
            throw .file(error)
        }
    }

    /// The caller's texts alone.
    public static func metadata(of path: String) throws(TrainingError) -> [String: String] {
        try CheckpointFile(path).header.metadata
    }

    /// Reads every parameter, and the optimizer's state if asked for, into what exists already. On an error some of it
    /// may have been read.
    ///
    /// - Parameters:
    ///   - averaged: the averages instead of the last weights, where the file has them.
    ///   - leaving: tensors of the file that nobody wants.
    /// - Returns: the texts given to `save`.
    @discardableResult
    public static func load<Scalar: Real>(
        _ path: String, into parameters: ParameterStore<Scalar>, optimizer: AdamW<Scalar>? = nil,
        averaged: Bool = false,
        leaving isLeft: (_ tensor: String) -> Bool = { _ in false }
    ) throws(TrainingError) -> [String: String] {
        let file = try CheckpointFile(path)
        guard file.header.scalar == (Scalar.isDouble ? "float64" : "float32") else {
            throw .format(path: path, reason: "the tensors are \(file.header.scalar)")
        }
        var entries: [String: [Role: Entry]] = [:]
        for entry in file.header.tensors { entries[entry.name, default: [:]][entry.role] = entry }
        if let stranger = file.header.tensors.first(where: { parameters[$0.name] == nil && !isLeft($0.name) }) {
            throw .unknownTensor(path: path, tensor: stranger.name)
        }
        for parameter in parameters.all {
            let roles = entries[parameter.name] ?? [:]
            func read(_ role: Role, into tensor: Tensor<Scalar>) throws(TrainingError) {
                guard let entry = roles[role] else {
                    throw .missingTensor(
                        path: path, tensor: role == .value ? parameter.name : "\(parameter.name) (\(role.rawValue))")
                }
                try file.read(entry, into: tensor)
            }
            try read(averaged && roles[.average] != nil ? .average : .value, into: parameter.value)
            guard let optimizer, let moments = optimizer.moments[parameter.name] else { continue }
            try read(.first, into: moments.first)
            try read(.second, into: moments.second)
            if let average = moments.average { try read(.average, into: average) }
            moments.steps = roles[.first]?.steps ?? 0
        }
        optimizer?.step = file.header.step
        return file.header.metadata
    }

    static func aligned(_ bytes: Int) -> Int { (bytes + 63) & ~63 }

    static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func append<T: FixedWidthInteger>(_ value: T, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
