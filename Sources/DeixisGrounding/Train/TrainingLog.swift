import DeixisFiles
import Foundation

/// One line of `log.jsonl`. Training lines average over the steps since the line before; evaluation lines hold the last two.
public struct TrainingRecord: LogRecord, Sendable, Codable, Equatable {
    public var step: Int
    public var samples: Int
    /// Seconds of computing so far, interruptions not counted.
    public var seconds: Double
    public var loss: Double?
    public var l1: Double?
    public var giou: Double?
    public var sigma0: Double?
    public var sigma1: Double?
    /// Acc@0.5 on the training batches themselves.
    public var accuracy: Double?
    /// What schedule and warm-up multiply the learning rates by.
    public var rateFactor: Double?
    public var gradientNorm: Double?
    public var samplesPerSecond: Double?
    public var heldOutAccuracy: Double?
    public var heldOutMeanIoU: Double?

    public init(step: Int, samples: Int, seconds: Double) {
        self.step = step
        self.samples = samples
        self.seconds = seconds
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
        let lines = try GroundingError.file { () throws(FileError) in try readFile(path) }.split(separator: UInt8(ascii: "\n"))
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
