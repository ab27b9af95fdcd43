/// A setting that an array can hold: each element is read over a blank one.
public protocol BlankSetting: Setting { init() }

extension Bool: BlankSetting {
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        let kind = try reader.kind()
        guard kind == .bool, let value = try reader.bool() else {
            throw reader.malformed("true or false for '\(key)'", kind.rawValue)
        }
        self = value
    }
    public func json(indent: String) -> String { description }
}

extension Int: BlankSetting {
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        self = try reader.integer("a whole number for '\(key)'")
    }
    public func json(indent: String) -> String { description }
}

extension UInt64: BlankSetting {
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        self = try reader.unsigned("a whole number that is not negative for '\(key)'")
    }
    public func json(indent: String) -> String { description }
}

extension Double: BlankSetting {
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        self = try reader.number("a number for '\(key)'")
    }
    /// The shortest digits that read back as the same number; null, which no setting takes, for what JSON cannot write.
    public func json(indent: String) -> String {
        guard isFinite else { return "null" }
        return self == rounded() && magnitude < 1e15 ? String(Int(self)) : description
    }
}

extension String: BlankSetting {
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        self = try reader.string("a string for '\(key)'")
    }
    public func json(indent: String) -> String { quotedJSON(self) }
}

/// Null, or a value.
extension Optional: Setting where Wrapped: BlankSetting {
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        if try reader.kind() == .null {
            _ = try reader.bool()
            self = nil
        } else {
            var value = self ?? Wrapped()
            try value.read(&reader, as: key, &pass)
            self = value
        }
    }
    public func json(indent: String) -> String { map { $0.json(indent: indent) } ?? "null" }
    public static var keys: [String] { Wrapped.keys }
    public static var absent: Wrapped?? { .some(nil) }
}

/// Always read whole: a list in a file stands in place of the one before.
extension Array: Setting where Element: BlankSetting {
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        var elements: [Element] = []
        try reader.array("an array for '\(key)'") { reader throws(JSONReaderError) in
            var element = Element()
            try element.read(&reader, as: "\(key)[\(elements.count)]", &pass)
            elements.append(element)
        }
        self = elements
    }
    public func json(indent: String) -> String {
        guard !Element.keys.isEmpty, !isEmpty else {
            return "[" + map { $0.json(indent: indent) }.joined(separator: ", ") + "]"
        }
        return "[\n" + map { indent + "  " + $0.json(indent: indent + "  ") }.joined(separator: ",\n") + "\n" + indent
            + "]"
    }
}
extension Array: BlankSetting where Element: BlankSetting {}

/// Two numbers, the lower first.
extension ClosedRange: Setting where Bound == Double {
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        var bounds: [Double] = []
        try bounds.read(&reader, as: key, &pass)
        guard bounds.count == 2, bounds[0] <= bounds[1] else {
            throw reader.malformed("two numbers, the lower first, for '\(key)'", bounds.json(indent: ""))
        }
        self = bounds[0]...bounds[1]
    }
    public func json(indent: String) -> String { [lowerBound, upperBound].json(indent: indent) }
}

/// One of a few names.
public protocol NamedSetting: Setting, CaseIterable, RawRepresentable<String> {}

extension NamedSetting {
    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        let expected = Self.allCases.map(\.rawValue).joined(separator: ", ") + " for '\(key)'"
        let name = try reader.string("a string, one of " + expected)
        guard let value = Self(rawValue: name) else { throw reader.malformed("one of " + expected, "'\(name)'") }
        self = value
    }
    public func json(indent: String) -> String { quotedJSON(rawValue) }
}

// MARK: -

/// The known key that is most like `name`: one that ends in it, or the one fewest edits away, a third of its
/// letters at most.
func nearestKey(to name: String, of keys: [String]) -> String? {
    func last(_ key: String) -> String { key.split(separator: ".").last.map(String.init) ?? key }
    if let elsewhere = keys.first(where: { last($0) == name }) { return elsewhere }
    let best = keys.map { (key: $0, edits: edits(name.lowercased(), last($0).lowercased())) }.min {
        $0.edits < $1.edits
    }
    return best.flatMap { $0.edits <= max(1, (name.count + 1) / 3) ? $0.key : nil }
}
