import DeixisCommand
import DeixisFiles

/// What is compared of a profile, read from the JSON that `deixis profile --json` writes.
struct ProfileRecord {
    /// What marks a file as a profile.
    static let format = "deixis-profile", version = 1
    let model: String
    let fingerprint: String
    let threads: Int
    let instructionSet: String
    let dimensions: [(name: String, extent: Int)]
    /// In the order of `times`.
    static let times = ["load_ms", "first_ms", "min_ms", "p50_ms", "p90_ms", "p99_ms"]
    let milliseconds: [Double]
    let macs: Int
    let operators: [(label: String, milliseconds: Double)]
    let steps: [(label: String, milliseconds: Double)]

    /// The profile in the file at `path`.
    init(file path: String) throws(CommandError) {
        let content = try files { () throws(FileError) in try readFile(path) }
        let json: JSON
        do throws(JSONParser.Failure) { json = try JSONParser.parse(content) } catch {
            throw .data("\(path): not JSON: \(error)")
        }
        try self.init(json, path)
    }

    /// - Parameter path: for messages.
    init(_ json: JSON, _ path: String) throws(CommandError) {
        guard json["format"]?.string == Self.format else {
            throw .data("\(path): not a profile: expected the JSON that `deixis profile --json` writes")
        }
        guard json["version"]?.int == Self.version else {
            throw .data(
                "\(path): a profile of version \(json["version"]?.int.map { "\($0)" } ?? "unknown"); expected \(Self.version)"
            )
        }
        func require<T>(_ value: T?, _ key: String) throws(CommandError) -> T {
            guard let value else { throw .data("\(path): a damaged profile: '\(key)' is missing or of the wrong type") }
            return value
        }
        func rows(_ key: String, _ label: String) throws(CommandError) -> [(label: String, milliseconds: Double)] {
            var result: [(label: String, milliseconds: Double)] = []
            for (index, row) in try require(json[key]?.array, key).enumerated() {
                result.append(
                    (
                        try require(row[label]?.string, "\(key)[\(index)].\(label)"),
                        try require(row["ms"]?.double, "\(key)[\(index)].ms")
                    ))
            }
            return result
        }
        model = try require(json["model"]?.string, "model")
        fingerprint = try require(json["fingerprint"]?.string, "fingerprint")
        threads = try require(json["threads"]?.int, "threads")
        instructionSet = try require(json["instruction_set"]?.string, "instruction_set")
        macs = try require(json["macs"]?.int, "macs")
        guard case .object(let pairs)? = json["dimensions"] else {
            throw .data("\(path): a damaged profile: 'dimensions' is missing or of the wrong type")
        }
        dimensions = pairs.map { ($0.0, $0.1.int ?? 0) }
        var milliseconds: [Double] = []
        for key in Self.times { milliseconds.append(try require(json[key]?.double, key)) }
        self.milliseconds = milliseconds
        operators = try rows("operators", "operator")
        steps = try rows("steps", "step")
    }

    /// `1 thread, avx512, batch=1 length=12`
    var conditions: String {
        let extents = dimensions.map { "\($0.name)=\($0.extent)" }.joined(separator: " ")
        return "\(threads) thread\(threads == 1 ? "" : "s"), \(instructionSet)"
            + (extents.isEmpty ? "" : ", \(extents)")
    }
}
