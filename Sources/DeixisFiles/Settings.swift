/// A value that a settings file (JSON) can hold. It is read over what stands there already, so that a file says only
/// what differs.
public protocol Setting: Sendable {
    /// Takes the next value of `reader`.
    ///
    /// - Parameter key: the value's place in the file, as `visual.stages`, for messages.
    mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass) throws(JSONReaderError)

    /// As JSON; lines after the first begin with `indent`.
    func json(indent: String) -> String

    /// Keys inside the value, as `affine.degrees`; none of a plain value.
    static var keys: [String] { get }
    /// What a key means that a whole file does not have; nil: every whole file has it.
    static var absent: Self? { get }
}

extension Setting {
    public static var keys: [String] { [] }
    public static var absent: Self? { nil }
}

/// How one file is read.
public struct SettingsPass: Sendable {
    /// The version of a file that names everything; nil: keys that it lacks keep what they are.
    public var wholeVersion: Int?
    /// Keys of the outermost object that are not settings.
    var header: Set<String> = []
    /// Where each key was met, for messages about values that do not fit together.
    public internal(set) var lines: [String: Int] = [:]

    public init(wholeVersion: Int? = nil) { self.wholeVersion = wholeVersion }

    /// For values that are no groups and whose parts can be wrong by themselves.
    public mutating func note(_ line: Int, for key: String) { lines[key] = line }
}

/// What the absence of a key means.
public enum SettingRole: Sendable {
    /// Nothing, in a file that names only what differs.
    case plain
    /// An error in any file.
    case required
    /// Another group's setting that can be set here too: read, never missed, not written.
    case guest
}

/// One key of a `SettingGroup`.
public struct SettingField<Root>: Sendable {
    public let key: String
    /// The first version of the format whose files all have the key.
    public let since: Int
    public let role: SettingRole
    let keys: [String]
    let read: @Sendable (inout Root, inout JSONReader, String, inout SettingsPass) throws(JSONReaderError) -> Void
    let json: @Sendable (Root, String) -> String
    /// Sets what the absence of the key means; false where it means nothing.
    let miss: @Sendable (inout Root) -> Bool

    public init<Value: Setting>(
        _ key: String, _ path: WritableKeyPath<Root, Value> & Sendable, since: Int = 0, role: SettingRole = .plain
    ) {
        (self.key, self.since, self.role, keys) = (key, since, role, Value.keys)
        read = { root, reader, key, pass throws(JSONReaderError) in
            try root[keyPath: path].read(&reader, as: key, &pass)
        }
        json = { root, indent in root[keyPath: path].json(indent: indent) }
        miss = { root in
            guard let absent = Value.absent else { return false }
            root[keyPath: path] = absent
            return true
        }
    }

    /// A field of a part as a field of the whole.
    public init<Part>(_ field: SettingField<Part>, in path: WritableKeyPath<Root, Part> & Sendable) {
        (key, since, role, keys) = (field.key, field.since, field.role, field.keys)
        read = { root, reader, key, pass throws(JSONReaderError) in
            try field.read(&root[keyPath: path], &reader, key, &pass)
        }
        json = { root, indent in field.json(root[keyPath: path], indent) }
        miss = { root in field.miss(&root[keyPath: path]) }
    }
}

/// Settings under keys: a JSON object. Unknown keys are refused.
public protocol SettingGroup: Setting {
    /// In the order of writing.
    static var fields: [SettingField<Self>] { get }
    /// Whole groups that a string in place of the object stands for.
    static var presets: [(name: String, value: Self)] { get }
}

extension SettingGroup {
    public static var presets: [(name: String, value: Self)] { [] }

    public mutating func read(_ reader: inout JSONReader, as key: String, _ pass: inout SettingsPass)
        throws(JSONReaderError)
    {
        if !Self.presets.isEmpty, try reader.kind() == .string {
            let name = try reader.string(), names = Self.presets.map(\.name).joined(separator: ", ")
            guard let preset = Self.presets.first(where: { $0.name == name }) else {
                throw reader.malformed("one of \(names), or an object, for '\(key)'", "'\(name)'")
            }
            self = preset.value
            return
        }
        var met: Set<String> = []
        let place = key.isEmpty ? "" : key + "."
        try reader.object(key.isEmpty ? "an object of settings" : "an object for '\(key)'") {
            reader, name throws(JSONReaderError) in
            let line = reader.line
            guard met.insert(name).inserted else { throw reader.malformed("every key once", "'\(place + name)' twice") }
            if key.isEmpty, pass.header.contains(name) { return try reader.skip() }
            guard let field = Self.fields.first(where: { $0.key == name }) else {
                let near = nearestKey(to: name, of: Self.keys).map { place + $0 }
                throw .unknownKey(
                    path: reader.path, line: line, key: place + name, nearest: near, known: Self.fields.map(\.key))
            }
            pass.lines[place + name] = line
            try field.read(&self, &reader, place + name, &pass)
        }
        for field in Self.fields where !met.contains(field.key) && field.role != .guest {
            if field.role == .required { throw reader.malformed("key '\(place + field.key)'", "an object without it") }
            guard let version = pass.wholeVersion, version >= field.since, !field.miss(&self) else { continue }
            throw reader.malformed("key '\(place + field.key)', or a \"base\" to take it from", "an object without it")
        }
    }

    public func json(indent: String) -> String { Self.object(written(indent: indent), indent: indent) }

    private func written(indent: String) -> [String] {
        Self.fields.filter { $0.role != .guest }.map { quotedJSON($0.key) + ": " + $0.json(self, indent + "  ") }
    }

    static func object(_ lines: [String], indent: String) -> String {
        lines.isEmpty ? "{}" : "{\n" + lines.map { indent + "  " + $0 }.joined(separator: ",\n") + "\n" + indent + "}"
    }

    public static var keys: [String] {
        fields.flatMap { field in [field.key] + field.keys.map { field.key + "." + $0 } }
    }

    // MARK: Whole files

    /// As a file: `version`, `base` where one is given, and every setting.
    public func fileText(version: Int, base: String? = nil) -> String {
        let header = ["\"version\": \(version)"] + (base.map { ["\"base\": " + quotedJSON($0)] } ?? [])
        return Self.object(header + written(indent: ""), indent: "")
    }

    /// Reads a file's text.
    ///
    /// Keys that are missing come from the base that the file names; a file without one must be whole, as its version
    /// was. A file without a version is of version `versionless`.
    ///
    /// - Parameters:
    ///   - start: what a whole file is read over, for settings that are younger than it.
    ///   - whole: false: a file without a base says only what differs from `start`.
    ///   - bases: names of bases, and what each stands for.
    /// - Returns: the settings, the base's name, and the line of every key met.
    public static func parse(
        _ text: [UInt8], path: String, newest: Int, versionless: Int, start: Self, whole: Bool = true,
        bases: [String] = [], base: (String) -> Self? = { _ in nil }
    ) throws(JSONReaderError) -> (settings: Self, base: String?, lines: [String: Int]) {
        var header = JSONReader(text, path: path)
        var version = versionless, name: String?, settings = start
        try header.object("an object of settings") { reader, key throws(JSONReaderError) in
            switch key {
            case "version":
                version = try reader.integer("a whole number for 'version'")
                guard (1...newest).contains(version) else {
                    throw .version(path: path, line: reader.line, version: version, newest: newest)
                }
            case "base" where !bases.isEmpty:
                let known = try reader.string("a string for 'base'")
                guard let value = base(known) else {
                    throw reader.malformed("one of \(bases.joined(separator: ", ")) for 'base'", "'\(known)'")
                }
                (name, settings) = (known, value)
            default: try reader.skip()
            }
        }
        try header.end()
        var reader = JSONReader(text, path: path)
        var pass = SettingsPass(wholeVersion: whole && name == nil ? version : nil)
        pass.header = bases.isEmpty ? ["version"] : ["version", "base"]
        try settings.read(&reader, as: "", &pass)
        return (settings, name, pass.lines)
    }
}
