@testable import DeixisPickle
import Foundation
import Testing

@Suite struct PickleTests {
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/"

    @Test("A record of every protocol, made by Python", arguments: 0...5) func protocols(_ version: Int) throws {
        let tree = try PickleTree(
            file: Self.fixtures + "record.protocol\(version).p",
            globals: PickleTree.numPyGlobals.union(["builtins.set", "__builtin__.set"]))
        let list = try #require(tree.elements(tree.root))
        #expect(list.count == 1)
        let record = list[0]
        func field(_ name: String) throws -> PickleValue { try #require(tree.field(name, of: record), "\(name)") }
        #expect(try tree.integer(field("ann_id")) == 1_719_310)
        #expect(try tree.text(field("split")) == "train")
        #expect(try tree.text(field("split again")) == "train")
        #expect(try tree.integer(field("negative")) == -5)
        #expect(try tree.integer(field("large")) == 1 << 40)
        #expect(try tree.number(field("half")) == 0.5)
        #expect(try tree.integer(field("yes")) == 1 && tree.integer(field("no")) == 0)
        #expect(try field("none") == .none)
        #expect(try tree.numbers(field("pair")) == [1, 2])
        #expect(try tree.numbers(field("triple")) == [1, 2, 3])
        #expect(try tree.numbers(field("empty")) == [])
        #expect(try tree.numbers(field("four")) == [1, 2, 3, 4])
        #expect(try tree.text(field("emoji")) == "\u{1F600}")
        #expect(try tree.bytes(field("bytes")) == [0, 255])
        #expect(try tree.numbers(field("sent_ids")) == [0, 1])
        #expect(try field("itself") == record, "a record that holds itself")
        let sentence = try #require(try tree.elements(field("sentences"))?.first)
        #expect(tree.field("raw", of: sentence).flatMap(tree.text) == "THE LADY it's é\n")
        #expect(tree.field("tokens", of: sentence).flatMap(tree.elements)?.compactMap(tree.text) == ["the", "lady"])
    }

    @Test func numPyNumbers() throws {
        let tree = try PickleTree(file: Self.fixtures + "numpy.p", globals: PickleTree.numPyGlobals)
        let values = try #require(tree.elements(tree.root))
        #expect(values.prefix(3).map(tree.number) == [1.5, -2.25, -3])
        #expect(tree.numbers(values[3]) == [1, 2.5, 3, 4])
        #expect(tree.numbers(values[4]) == [1, -2])
    }

    static func read(_ bytes: [UInt8], globals: Set<String> = []) throws(PickleError) -> PickleTree {
        var reader = PickleReader(path: "x.p", bytes: bytes, globals: globals)
        return try reader.read()
    }

    static func message(_ text: String) -> String {
        do throws(PickleError) {
            _ = try read(Array(text.utf8))
            return "read"
        } catch { return error.description }
    }

    @Test(
        "What Python 2 writes",
        arguments: [
            (#"S'it\'s \x41\101\n'"# + "\n.", "it's AA\n"), (#"S"a""# + "\n.", "a"),
            (#"V\u00e9 \ud83d\ude00 \U0001f600"# + "\n.", "é 😀 😀"),
            ("U\u{3}abc.", "abc"),
        ]) func python2(_ pickle: String, _ text: String) throws
    {
        let tree = try Self.read(Array(pickle.utf8))
        #expect(tree.text(tree.root) == text)
    }

    @Test func bytesThatAreNoUTF8AreLatin1() throws {
        let tree = try Self.read([0x55, 2, 0x61, 0xE9, 0x2E])
        #expect(tree.text(tree.root) == "aé")
    }

    @Test(
        "Integers",
        arguments: [
            ("I-12\n.", -12), ("I01\n.", 1), ("L123L\n.", 123), ("K\u{7}.", 7),
        ]) func integers(_ pickle: String, _ value: Int) throws
    {
        let tree = try Self.read(Array(pickle.utf8))
        #expect(tree.integer(tree.root) == value)
    }

    @Test("Integers of any length") func longIntegers() throws {
        for (bytes, value) in [
            ([0x8A, 0, 0x2E], 0), ([0x8A, 1, 0xFF, 0x2E], -1), ([0x8A, 2, 0, 0x80, 0x2E], -32768),
        ] as [([UInt8], Int)] {
            let tree = try Self.read(bytes)
            #expect(tree.integer(tree.root) == value)
        }
    }

    @Test(
        "What is refused, and how it is said",
        arguments: [
            ("", "x.p: byte 0: expected another opcode or STOP, found the end of the file"),
            (".", "x.p: byte 0: expected one value at the end, found 0"),
            ("(.", "x.p: byte 1: expected one value at the end, found 0"),
            ("N", "x.p: byte 1: expected another opcode or STOP, found the end of the file"),
            ("e", "x.p: byte 0: expected a MARK on the stack, found none"),
            ("0", "x.p: byte 0: expected a value on the stack, found none"),
            ("Na.", "x.p: byte 1: expected a value on the stack, found none"),
            ("NNa.", "x.p: byte 2: expected a list to append to, found None"),
            ("}(Nu.", "x.p: byte 3: expected a value for every key, found 1 keys and values"),
            ("N(Nu.", "x.p: byte 3: expected a value for every key, found 1 keys and values"),
            ("](I1\nI2\nu.", "x.p: byte 8: expected a dictionary to fill, found a list of 0"),
            ("h\u{1}.", "x.p: byte 0: expected one of 0 memo entries, found entry 1"),
            ("Np900\n.", "x.p: byte 1: expected memo entry 0 next, found 900"),
            ("I12x\n.", "x.p: byte 0: expected an integer, found '12x'"),
            ("Fone\n.", "x.p: byte 0: expected a float, found 'one'"),
            ("Sabc\n.", "x.p: byte 0: expected a string in quotes, found 'abc'"),
            ("X\u{10}\0\0\0abc", "x.p: byte 0: expected 16 bytes, found 3 before the end of the file"),
            (
                "S'abc'\r\n.",
                "x.p: byte 0: the file was damaged by line-end conversion (LF became CR LF); copy the original again, in binary mode"
            ),
            (
                "I1\r\n.",
                "x.p: byte 0: the file was damaged by line-end conversion (LF became CR LF); copy the original again, in binary mode"
            ),
            (
                "cos\nsystem\n(S'ls'\ntR.",
                "x.p: byte 0: the pickle asks for os.system, which data does not need; it is not read (nothing of a pickle is ever called)"
            ),
            (
                "(S'ls'\nios\nsystem\n.",
                "x.p: byte 7: the pickle asks for os.system, which data does not need; it is not read (nothing of a pickle is ever called)"
            ),
            ("NNR.", "x.p: byte 2: expected a class or function to call, found None"),
            ("NNb.", "x.p: byte 2: expected an object to take a state, found None"),
            ("\u{2}.", "x.p: byte 0: expected an opcode of a pickle, found byte 2"),
        ]) func refused(_ pickle: String, _ message: String)
    {
        #expect(Self.message(pickle) == message)
    }

    @Test func protocolSix() {
        #expect(
            throws: PickleError.malformed(
                path: "x.p", offset: 0, expected: "a pickle of protocol 0 to 5", found: "protocol 6")
        ) {
            try Self.read([0x80, 6, 0x4E, 0x2E])
        }
    }

    @Test("A length of 2^64 - 1 is no crash") func lengths() {
        for opcode: UInt8 in [0x8D, 0x8E, 0x96] {
            #expect(throws: PickleError.self) { try Self.read([opcode] + [UInt8](repeating: 255, count: 8)) }
        }
    }

    @Test("Lists that hold lists a million deep, and a hundred lists that double, take little") func bombs() throws {
        var deep = [UInt8](repeating: 0x5D, count: 1_000_000)
        deep += [UInt8](repeating: 0x61, count: 999_999) + [0x2E]
        #expect(try Self.read(deep).elements(Self.read(deep).root)?.count == 1)
        // ]q\0 (h\0 h\0 e ...: each level holds the one before twice.
        var doubling: [UInt8] = [0x5D, 0x71, 0]
        for level: UInt8 in 1..<100 {
            doubling += [0x30, 0x5D, 0x71, level, 0x28, 0x68, level - 1, 0x68, level - 1, 0x65]
        }
        #expect(try Self.read(doubling + [0x2E]).elements(Self.read(doubling + [0x2E]).root)?.count == 2)
    }

    @Test("Every file cut anywhere, and with any byte changed, is read or refused") func damage() throws {
        for version in [0, 2, 4] {
            let bytes = [UInt8](
                try Data(contentsOf: URL(fileURLWithPath: Self.fixtures + "record.protocol\(version).p")))
            for end in bytes.indices { _ = try? Self.read(Array(bytes[..<end])) }
            var random: UInt32 = 1
            for at in bytes.indices {
                random = random &* 1_664_525 &+ 1_013_904_223
                var changed = bytes
                changed[at] = UInt8(truncatingIfNeeded: random >> 16)
                if let tree = try? Self.read(changed, globals: PickleTree.numPyGlobals),
                    let list = tree.elements(tree.root)
                {
                    for value in list { _ = tree.label(tree.field("sentences", of: value) ?? value) }
                }
            }
        }
    }
}
