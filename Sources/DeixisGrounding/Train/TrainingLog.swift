import DeixisFiles
import Foundation

/// One line of `log.jsonl`. Training lines average over the steps since the line before; evaluation lines hold the last
/// two.
///
/// A flat JSON object: what the loss consists of stands beside the rest, under the names of `SelfPacedLoss.terms`.
public struct TrainingRecord: LogRecord, Sendable, Equatable {
    public var step: Int
    public var samples: Int
    /// Seconds of computing so far, interruptions not counted.
    public var seconds: Double
    /// `lossNames`: "loss" itself, its terms, their sigmas and their weights.
    public var loss: [String: Double] = [:]
    /// Acc@0.5 on the training batches themselves.
    public var accuracy: Double?
    /// What schedule and warm-up multiply the learning rates by.
    public var rateFactor: Double?
    public var gradientNorm: Double?
    public var samplesPerSecond: Double?
    /// Since the line before, for batches that were not yet made.
    public var secondsWaitedForData: Double?
    public var heldOutAccuracy: Double?
    public var heldOutMeanIoU: Double?

    public init(step: Int, samples: Int, seconds: Double) {
        self.step = step
        self.samples = samples
        self.seconds = seconds
    }
}

extension TrainingRecord: Codable {
    static let lossNames = ["loss"] + SelfPacedLoss.terms.flatMap { [$0.name, $0.sigma, $0.weight] }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    private static let measured: [(key: Key, field: WritableKeyPath<TrainingRecord, Double?> & Sendable)] = [
        (Key("accuracy"), \.accuracy), (Key("rateFactor"), \.rateFactor), (Key("gradientNorm"), \.gradientNorm),
        (Key("samplesPerSecond"), \.samplesPerSecond), (Key("heldOutAccuracy"), \.heldOutAccuracy),
        (Key("heldOutMeanIoU"), \.heldOutMeanIoU), (Key("secondsWaitedForData"), \.secondsWaitedForData),
    ]

    public init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: Key.self)
        self.init(
            step: try line.decode(Int.self, forKey: Key("step")),
            samples: try line.decode(Int.self, forKey: Key("samples")),
            seconds: try line.decode(Double.self, forKey: Key("seconds")))
        for name in Self.lossNames { loss[name] = try line.decodeIfPresent(Double.self, forKey: Key(name)) }
        for (key, field) in Self.measured { self[keyPath: field] = try line.decodeIfPresent(Double.self, forKey: key) }
    }

    public func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: Key.self)
        try line.encode(step, forKey: Key("step"))
        try line.encode(samples, forKey: Key("samples"))
        try line.encode(seconds, forKey: Key("seconds"))
        for (name, value) in loss { try line.encode(value, forKey: Key(name)) }
        for (key, field) in Self.measured { try line.encodeIfPresent(self[keyPath: field], forKey: key) }
    }
}

/// What a log can hold a line of.
protocol LogRecord: Encodable {
    var step: Int { get }
}

/// A JSON-lines file that grows by whole lines.
public enum TrainingLog {
    /// Reads a log; a last line cut off by a crash is passed over, any other bad line is named.
    public static func read(_ path: String) throws(GroundingError) -> [TrainingRecord] {
        let lines = try GroundingError.file { () throws(FileError) in try readFile(path) }.split(
            separator: UInt8(ascii: "\n"))
        var records: [TrainingRecord] = []
        for (index, line) in lines.enumerated() {
            if let record = try? JSONDecoder().decode(TrainingRecord.self, from: Data(line)) {
                records.append(record)
            } else if index + 1 < lines.count || lines.count == 1 {
                let bad = BadLine(file: path, line: index + 1, reason: "not a line of a training log")
                throw .unusable(path: path, action: "read it", reason: bad.description)
            }
        }
        return records
    }

    /// Drops what came after `step`: a resumed run writes those lines again.
    static func rewind(_ path: String, to step: Int) throws(GroundingError) {
        guard exists(path) else { return }
        var bytes: [UInt8] = []
        for record in try read(path) where record.step <= step { bytes += try line(record) }
        try GroundingError.file { () throws(FileError) in try replaceFile(path, with: bytes) }
    }

    static func append(_ record: some LogRecord, to path: String) throws(GroundingError) {
        let bytes = try line(record)
        try GroundingError.file { () throws(FileError) in try appendToFile(path, bytes) }
    }

    private static func line(_ record: some LogRecord) throws(GroundingError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(record) else { throw .notFinite(step: record.step, sample: nil) }
        return [UInt8](data) + [UInt8(ascii: "\n")]
    }
}
