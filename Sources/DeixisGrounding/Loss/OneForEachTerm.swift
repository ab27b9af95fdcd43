public import DeixisFiles

/// A number for each term of the loss. In a file one number stands for all.
public struct OneForEachTerm: Setting, Equatable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// In the order of `SelfPacedLoss.terms`.
    public var values: [Double]

    public init(arrayLiteral values: Double...) { self.values = values }

    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        if try reader.kind() == .array { return try values.read(&reader, as: key, &pass) }
        var one = 0.0
        try one.read(&reader, as: key, &pass)
        values = SelfPacedLoss.terms.map { _ in one }
    }

    public func json(indent: String) -> String {
        Set(values).count == 1 ? values[0].json(indent: indent) : values.json(indent: indent)
    }

    public var description: String { Set(values).count == 1 ? values[0].description : values.description }
}
