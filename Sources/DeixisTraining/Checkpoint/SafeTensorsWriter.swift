import DeixisFiles
import FoundationEssentials

extension SafeTensors {
    /// One value of the header: a tensor's place, or the texts of `__metadata__`.
    private enum HeaderValue: Encodable {
        case entry(Entry)
        case texts([String: String])

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .entry(let entry): try entry.encode(to: encoder)
            case .texts(let texts): try texts.encode(to: encoder)
            }
        }
    }

    /// Writes parameters under their own names, in their order; the file appears whole or not at all.
    ///
    /// - Parameter metadata: texts for `__metadata__`.
    public static func write<Scalar: Real>(
        _ parameters: [Parameter<Scalar>], metadata: [String: String] = [:], to path: String
    ) throws(TrainingError) {
        var header: [String: HeaderValue] = metadata.isEmpty ? [:] : ["__metadata__": .texts(metadata)]
        var offset = 0
        for parameter in parameters {
            precondition(header[parameter.name] == nil, "two tensors named \(parameter.name)")
            let end = offset + parameter.count * MemoryLayout<Scalar>.stride
            header[parameter.name] = .entry(
                Entry(dtype: Scalar.isDouble ? "F64" : "F32", shape: parameter.shape, data_offsets: [offset, end]))
            offset = end
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let text = try? encoder.encode(header) else {
            throw .format(path: path, reason: "the metadata cannot be written as JSON")
        }
        do {
            let file = try ReplacingFile(path: path)
            // Spaces after the JSON put the data at a multiple of 8.
            let padding = (8 - text.count % 8) % 8
            try file.write(withUnsafeBytes(of: UInt64(text.count + padding).littleEndian) { Array($0) })
            try file.write(Array(text) + [UInt8](repeating: UInt8(ascii: " "), count: padding))
            for parameter in parameters {
                let bytes = parameter.count * MemoryLayout<Scalar>.stride
                try file.write(UnsafeRawBufferPointer(start: parameter.value.pointer, count: bytes))
            }
            try file.commit()
        } catch {
            throw .file(error)
        }
    }
}
