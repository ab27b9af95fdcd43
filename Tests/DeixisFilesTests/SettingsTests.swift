import DeixisFiles
import Testing

private struct Inner: SettingGroup, BlankSetting {
    enum Kind: String, NamedSetting { case round, square }
    var kind = Kind.round
    var sizes = [1, 2]
    static let fields: [SettingField<Inner>] = [.init("kind", \.kind), .init("sizes", \.sizes)]
}

private struct Outer: SettingGroup, Equatable {
    static func == (a: Outer, b: Outer) -> Bool { a.json(indent: "") == b.json(indent: "") }
    var count = 3
    var share = 0.5
    var name = "plain"
    var isOn = true
    var limit: Double? = 1
    var range = 0.25...0.75
    var big: UInt64 = 7
    var inner = Inner()
    var parts: [Inner] = []
    var late = 9
    static let fields: [SettingField<Outer>] = [
        .init("count", \.count), .init("share", \.share), .init("name", \.name), .init("isOn", \.isOn),
        .init("limit", \.limit),
        .init("range", \.range), .init("big", \.big), .init("inner", \.inner), .init("parts", \.parts),
        .init("late", \.late, since: 2),
    ]
    static let presets = [(name: "empty", value: Outer())]
}

private func read(_ text: String, versionless: Int = 2) throws(JSONReaderError) -> (
    settings: Outer, base: String?, lines: [String: Int]
) {
    try Outer.parse(
        Array(text.utf8), path: "s.json", newest: 2, versionless: versionless, start: Outer(), bases: ["few", "many"],
        base: { name in
            var base = Outer()
            base.count = name == "many" ? 99 : 1
            return ["few", "many"].contains(name) ? base : nil
        })
}

@Suite struct SettingsTests {
    /// A text over settings that are known: no base, and every key that it lacks stays.
    @Test func aTextThatSaysOnlyWhatDiffers() throws {
        var start = Outer()
        (start.count, start.inner.sizes) = (5, [7])
        let read = try Outer.parse(
            Array("{\"inner\": {\"kind\": \"square\"}}".utf8), path: "s.json", newest: 2, versionless: 2, start: start,
            whole: false)
        #expect(read.settings.count == 5 && read.settings.inner.kind == .square && read.settings.inner.sizes == [7])
        #expect(read.lines["inner.kind"] == 1 && read.base == nil)
    }

    @Test("What a file does not name comes from its base, wherever the file names that") func base() throws {
        let (settings, base, lines) = try read(
            "{\"share\": 1e-3,\n \"inner\": {\"kind\": \"square\"},\n\"parts\": [{\"sizes\": []}, {}], \"limit\": null, \"big\": 18446744073709551615, \"base\": \"many\"}"
        )
        #expect(
            base == "many" && settings.count == 99 && settings.share == 0.001 && settings.name == "plain"
                && settings.limit == nil)
        #expect(settings.inner.kind == .square && settings.inner.sizes == [1, 2])
        #expect(settings.parts.map(\.sizes) == [[], [1, 2]] && settings.big == .max)
        #expect(lines["share"] == 1 && lines["inner.kind"] == 2 && lines["limit"] == 3)
    }

    @Test("What is written reads back, with and without a base") func roundTrip() throws {
        var settings = Outer()
        (settings.share, settings.name, settings.limit, settings.range) = (
            1.0 / 3, "a \"b\"\n\u{1}é", nil, -1e-9...2e20
        )
        settings.parts = [Inner(), Inner(kind: .square, sizes: [])]
        #expect(try read(settings.fileText(version: 2)).settings == settings)
        #expect(try read(settings.fileText(version: 2, base: "few")).settings == settings)
        #expect(
            settings.fileText(version: 2, base: "few").hasPrefix(
                "{\n  \"version\": 2,\n  \"base\": \"few\",\n  \"count\": 3,\n"))
    }

    @Test("A file without a base is whole, as its version was; what is younger keeps its default") func whole() throws {
        let text = Outer().fileText(version: 1).split(separator: "\n").filter {
            !$0.contains("\"late\"") && !$0.contains("\"limit\"")
        }
        .joined(separator: "\n").replacing("  ],\n}", with: "  ]\n}").replacing("[],\n}", with: "[]\n}")
        let old = try read(text)
        // An absent optional value is none, not the default.
        #expect(old.settings.late == 9 && old.settings.limit == nil)
        let newer = text.replacing("\"version\": 1", with: "\"version\": 2")
        #expect(throws: JSONReaderError.self) { try read(newer) }
        #expect(try read(text.replacing("\"version\": 1,", with: ""), versionless: 0).settings.late == 9)
    }

    @Test(arguments: [
        ("{\"base\": \"few\", \"cuont\": 1}", "s.json:1: unknown key 'cuont'; did you mean 'count'?"),
        ("{\"base\": \"few\",\n\"kind\": 1}", "s.json:2: unknown key 'kind'; did you mean 'inner.kind'?"),
        (
            "{\"base\": \"few\", \"inner\": {\"Kinds\": 1}}",
            "s.json:1: unknown key 'inner.Kinds'; did you mean 'inner.kind'?"
        ),
        (
            "{\"base\": \"few\", \"somethingElse\": 1}",
            "s.json:1: unknown key 'somethingElse'; known there: count, share, name, isOn, limit, range, big, inner, parts, late"
        ),
        ("{\"base\": \"few\",\n\n\"count\": \"x\"}", "s.json:3: expected a whole number for 'count', found a string"),
        ("{\"base\": \"few\", \"count\": 1.5}", "s.json:1: expected a whole number for 'count', found 1.5"),
        ("{\"base\": \"few\", \"share\": true}", "s.json:1: expected a number for 'share', found a boolean"),
        ("{\"base\": \"few\", \"share\": NaN}", "s.json:1: expected a value, found 'N'"),
        ("{\"base\": \"few\", \"name\": null}", "s.json:1: expected a string for 'name', found null"),
        ("{\"base\": \"few\", \"isOn\": 1}", "s.json:1: expected true or false for 'isOn', found a number"),
        ("{\"base\": \"few\", \"limit\": \"none\"}", "s.json:1: expected a number for 'limit', found a string"),
        (
            "{\"base\": \"few\", \"range\": [2, 1]}",
            "s.json:1: expected two numbers, the lower first, for 'range', found [2, 1]"
        ),
        (
            "{\"base\": \"few\", \"big\": -1}",
            "s.json:1: expected a whole number that is not negative for 'big', found '-1'"
        ),
        ("{\"base\": \"few\", \"inner\": []}", "s.json:1: expected an object for 'inner', found an array"),
        (
            "{\"base\": \"few\", \"inner\": {\"kind\": \"oval\"}}",
            "s.json:1: expected one of round, square for 'inner.kind', found 'oval'"
        ),
        (
            "{\"base\": \"few\", \"inner\": {\"sizes\": [1, \"2\"]}}",
            "s.json:1: expected a whole number for 'inner.sizes[1]', found a string"
        ),
        (
            "{\"base\": \"few\", \"parts\": [{}, {\"kid\": 1}]}",
            "s.json:1: unknown key 'parts[1].kid'; did you mean 'parts[1].kind'?"
        ),
        ("{\"base\": \"few\", \"count\": 1,\n\"count\": 2}", "s.json:2: expected every key once, found 'count' twice"),
        ("{\"base\": \"lots\"}", "s.json:1: expected one of few, many for 'base', found 'lots'"),
        ("{\"version\": 3, \"new\": 1}", "s.json:1: version 3, this program reads versions 1 to 2"),
        ("{\"version\": \"2\"}", "s.json:1: expected a whole number for 'version', found a string"),
        ("{\"count\": 4}", "s.json:1: expected key 'share', or a \"base\" to take it from, found an object without it"),
        ("[]", "s.json:1: expected an object of settings, found an array"),
        ("{} x", "s.json:1: expected the end of the file, found 'x'"),
        ("", "s.json:1: expected a value, found the end of the file"),
    ]) func refuses(_ text: String, _ message: String) {
        do throws(JSONReaderError) {
            _ = try read(text)
            Issue.record("read: \(text)")
        } catch { #expect(error.description == message) }
    }

    @Test("A string may stand for a whole group") func presets() throws {
        var (settings, reader, pass) = (Outer(), JSONReader(Array("\"empty\"".utf8), path: "s.json"), SettingsPass())
        settings.count = 5
        try settings.read(&reader, as: "o", &pass)
        #expect(settings.count == 3)
        reader = JSONReader(Array("\"full\"".utf8), path: "s.json")
        do throws(JSONReaderError) {
            try settings.read(&reader, as: "o", &pass)
            Issue.record("read")
        } catch { #expect(error.description == "s.json:1: expected one of empty, or an object, for 'o', found 'full'") }
    }
}
