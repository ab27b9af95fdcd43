import DeixisFiles
import Foundation
import Testing

@Suite struct JSONReaderTests {
    /// All strings and numbers of a text, read by the reader.
    static func walk(_ reader: inout JSONReader, _ found: inout [String]) throws(JSONReaderError) {
        switch try reader.kind() {
        case .object:
            try reader.object { reader, key throws(JSONReaderError) in
                found.append(key + ":")
                try walk(&reader, &found)
            }
        case .array: try reader.array { reader throws(JSONReaderError) in try walk(&reader, &found) }
        case .string: found.append("\"" + (try reader.string()))
        case .number: found.append("\(try reader.number())")
        case .bool, .null: found.append("\(try reader.bool().map { $0 ? "true" : "false" } ?? "null")")
        }
    }

    static func all(_ text: String) throws(JSONReaderError) -> [String] {
        var reader = JSONReader(Array(text.utf8), path: "x.json"), found: [String] = []
        try walk(&reader, &found)
        try reader.end()
        return found
    }

    /// A value that is kept as text and read later: its own bytes, and the lines of the whole.
    @Test func textIsReadLater() throws {
        var reader = JSONReader(Array("{\"a\":\n [1, {\"b\": \"]\\\"\"},\n x],\n\"c\": 2}".utf8), path: "x.json")
        var kept: [UInt8] = [], rest: [String] = []
        try reader.object { reader, key throws(JSONReaderError) in
            if key == "a" { kept = try reader.text() } else { try Self.walk(&reader, &rest) }
        }
        #expect(String(decoding: kept, as: UTF8.self) == "\n[1, {\"b\": \"]\\\"\"},\n x]" && rest == ["2.0"])
        var later = JSONReader(kept, path: "x.json"), found: [String] = []
        let error = #expect(throws: JSONReaderError.self) { try Self.walk(&later, &found) }
        #expect(found == ["1.0", "b:", "\"]\""] && error?.description == "x.json:3: expected a value, found 'x'")
    }

    @Test func values() throws {
        #expect(
            try Self.all(
                #" {"a": [1, -2.5e1, true, false, null], "é\n\u0041\ud83d\ude00": "\"\\\/\b\f\r\t", "b": {}, "c": []} "#
            )
                == ["a:", "1.0", "-25.0", "true", "false", "null", "é\nA😀:", "\"\"\\/\u{8}\u{c}\r\t", "b:", "c:"])
        #expect(try Self.all(#""\ud800x""#) == ["\"\u{FFFD}x"])
    }

    @Test(arguments: [
        ("", "x.json:1: expected a value, found the end of the file"),
        ("[1,]", "x.json:1: expected a value, found ']'"),
        ("{\"a\" 1}", "x.json:1: expected ':', found '1'"), ("{a: 1}", "x.json:1: expected a key in quotes, found 'a'"),
        ("[1\n2]", "x.json:2: expected ',' or ']', found '2'"),
        ("{\"a\": 1", "x.json:1: expected ',' or '}', found the end of the file"),
        ("[1.]", "x.json:1: expected a number, found '1.'"), ("[-]", "x.json:1: expected a number, found '-'"),
        ("[1e999]", "x.json:1: expected a number, found '1e999'"),
        ("[nul]", "x.json:1: expected a value, found 'nul'"),
        ("[\"a\nb\"]", "x.json:2: expected a closing quote, found byte 10 in a string"),
        (#"["\x"]"#, #"x.json:1: expected an escape, found '\x'"#),
        (#"["\u12g4"]"#, "x.json:1: expected four hexadecimal digits, found 'g'"),
        ("[1] 2", "x.json:1: expected the end of the file, found '2'"),
        ("\"abc", "x.json:1: expected a closing quote, found the end of the file"),
    ]) func malformed(_ text: String, _ message: String) {
        do throws(JSONReaderError) {
            _ = try Self.all(text)
            Issue.record("read: \(text)")
        } catch { #expect(error.description == message) }
    }

    @Test func deep() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONReaderError.self) { try Self.all(text) }
        var reader = JSONReader(Array((text + String(repeating: "]", count: 100_000)).utf8), path: "x.json")
        #expect(throws: Never.self) { try reader.skip() }
    }

    @Test("Values across the pieces of a file, and what is passed over") func pieces() throws {
        let path = FileManager.default.temporaryDirectory.path + "/deixis-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var text = "{\"skipped\": ["
        for i in 0..<60_000 { text += "{\"s\": \"\\\"}]\(i)\", \"p\": [[1.5, -2, [3]]]}," }
        text += "0], \"kept\": ["
        for i in 0..<200_000 { text += "\(i)," }
        text += "-1]}"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        var reader = try JSONReader(file: path), sum = 0
        try reader.object { reader, key throws(JSONReaderError) in
            if key == "kept" {
                try reader.array { reader throws(JSONReaderError) in sum += try reader.integer() }
            } else {
                try reader.skip()
            }
        }
        try reader.end()
        #expect(sum == 199_999 * 100_000 - 1)
    }
}
