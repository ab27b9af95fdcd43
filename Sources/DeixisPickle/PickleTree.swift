/// A value inside a pickle. What holds others is a number in its `PickleTree`, so that values that hold themselves and
/// values held a thousand times cost nothing.
public enum PickleValue: Sendable, Hashable {
    case none
    case bool(Bool)
    case integer(Int64)
    case float(Double)
    case text(Int32)
    /// Bytes; also an integer of more than 64 bits, by its two's complement, lowest byte first.
    case bytes(Int32), bigInteger(Int32)
    case list(Int32), tuple(Int32), dictionary(Int32)
    /// A class or function by its name, `module.name`.
    case global(Int32)
    case object(Int32)
    /// `torch.save` names what lies outside of the pickle by such an id.
    case persistent(Int32)
}

/// What would be made by a call in Python. Nothing is called: the readers of known classes take what they need.
public struct PickleObject: Sendable {
    public var callee: PickleValue
    public var arguments: PickleValue
    public var state: PickleValue?
    public var items: [(key: PickleValue, value: PickleValue)] = []
}

/// What a pickle holds.
public struct PickleTree: Sendable {
    public internal(set) var root = PickleValue.none
    var texts: [String] = []
    var blobs: [[UInt8]] = []
    /// Of lists, sets and tuples.
    var sequences: [[PickleValue]] = []
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    var objects: [PickleObject] = []
    var persistentIDs: [PickleValue] = []

    public func text(_ value: PickleValue) -> String? {
        if case .text(let index) = value { texts[Int(index)] } else { nil }
    }

    /// Of bytes, and of texts that Python 3 wrote as `_codecs.encode(text, 'latin1')` for them.
    public func bytes(_ value: PickleValue) -> [UInt8]? {
        switch value {
        case .bytes(let index), .bigInteger(let index): return blobs[Int(index)]
        case .object(let index):
            let object = objects[Int(index)]
            guard name(object.callee) == "_codecs.encode", let text = elements(object.arguments)?.first.flatMap(text)
            else { return nil }
            let scalars = text.unicodeScalars.map(\.value)
            return scalars.allSatisfy { $0 < 256 } ? scalars.map { UInt8($0) } : nil
        default: return nil
        }
    }

    /// Of a list, a set or a tuple.
    public func elements(_ value: PickleValue) -> [PickleValue]? {
        switch value {
        case .list(let index), .tuple(let index): sequences[Int(index)]
        default: nil
        }
    }

    /// Of a dictionary, or of an object that is filled like one (`OrderedDict`).
    public func entries(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
        switch value {
        case .dictionary(let index): dictionaries[Int(index)]
        case .object(let index): objects[Int(index)].items
        default: nil
        }
    }

    /// The value under a key of text; the last one, as in Python, where there are several.
    public func field(_ name: String, of value: PickleValue) -> PickleValue? {
        entries(value)?.last { text($0.key) == name }?.value
    }

    public func object(_ value: PickleValue) -> PickleObject? {
        if case .object(let index) = value { objects[Int(index)] } else { nil }
    }

    public func persistentID(_ value: PickleValue) -> PickleValue? {
        if case .persistent(let index) = value { persistentIDs[Int(index)] } else { nil }
    }

    /// `module.name` of a global.
    public func name(_ value: PickleValue) -> String? {
        if case .global(let index) = value { texts[Int(index)] } else { nil }
    }

    /// A whole number, Python's own or NumPy's.
    public func integer(_ value: PickleValue) -> Int? {
        switch value {
        case .integer(let number): Int(exactly: number)
        case .bool(let flag): flag ? 1 : 0
        default: numPyScalar(value).flatMap { Int(exactly: $0) }
        }
    }

    /// A number, Python's own or NumPy's.
    public func number(_ value: PickleValue) -> Double? {
        switch value {
        case .integer(let number): Double(number)
        case .float(let number): number
        default: numPyScalar(value)
        }
    }

    /// What the value is, for messages.
    public func label(_ value: PickleValue) -> String {
        switch value {
        case .none: "None"
        case .bool: "a boolean"
        case .integer, .bigInteger: "an integer"
        case .float: "a float"
        case .text: "a string"
        case .bytes: "bytes"
        case .list(let index): "a list of \(sequences[Int(index)].count)"
        case .tuple(let index): "a tuple of \(sequences[Int(index)].count)"
        case .dictionary(let index): "a dictionary of \(dictionaries[Int(index)].count)"
        case .global(let index): texts[Int(index)]
        case .object(let index): "an object of \(name(objects[Int(index)].callee) ?? "no class")"
        case .persistent: "a persistent id"
        }
    }
}
