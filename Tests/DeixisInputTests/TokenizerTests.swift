import Foundation
import Testing

@testable import DeixisInput

/// One line of `tokenizer.jsonl`, made by tools/oracles/tokenizer.py.
private struct Case: Decodable {
    struct Expected: Decodable {
        let words: [String]
        let ids: [Int64]
        let dropped: Int
    }
    let text: String
    let uncased: Expected, lower: Expected, strip: Expected, cased: Expected

    var all: [(lowercases: Bool, stripsAccents: Bool, expected: Expected)] {
        [(true, true, uncased), (true, false, lower), (false, true, strip), (false, false, cased)]
    }
}

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

private func vocabulary() throws -> Vocabulary {
    try Vocabulary(lines: Array(Data(contentsOf: fixtures.appending(path: "vocabulary.txt"))))
}

private func cases(_ file: URL) throws -> [Case] {
    try Data(contentsOf: file).split(separator: 0x0A).map { try JSONDecoder().decode(Case.self, from: $0) }
}

private func words(_ normalizer: Normalizer, _ text: String) -> [[UInt32]] {
    let scalars = Array(text.utf8).withUnsafeBufferPointer { normalizer.normalize($0) }
    return Words(scalars).map { Array(scalars[$0]) }
}

/// Compares every case; returns how many, so that an empty file cannot pass.
private func compare(_ file: URL) throws -> Int {
    let vocabulary = try vocabulary()
    let cases = try cases(file)
    for (lowercases, strips) in [(true, true), (true, false), (false, true), (false, false)] {
        let settings = TokenizerSettings(lowercases: lowercases, stripsAccents: strips, maxLength: 24)
        let tokenizer = try Tokenizer(vocabulary: vocabulary, settings: settings)
        let normalizer = Normalizer(lowercases: lowercases, stripsAccents: strips)
        var failures = 0
        for item in cases where failures < 20 {
            guard let expected = item.all.first(where: { $0.0 == lowercases && $0.1 == strips })?.expected else {
                continue
            }
            let found = words(normalizer, item.text)
            let sentence = tokenizer.encode(item.text)
            let wanted = expected.words.map { $0.unicodeScalars.map(\.value) }
            if found != wanted || sentence.ids != expected.ids || sentence.droppedCount != expected.dropped {
                failures += 1
                let scalars = item.text.unicodeScalars.map { String($0.value, radix: 16) }.joined(separator: " ")
                Issue.record(
                    "lower \(lowercases), strip \(strips): \(item.text.debugDescription) (\(scalars)): \(sentence.ids), expected \(expected.ids)"
                )
            }
        }
    }
    return cases.count
}

@Test func tokenizerMatchesCommittedCases() throws {
    #expect(try compare(fixtures.appending(path: "tokenizer.jsonl")) >= 500)
}

@Test(.enabled(if: ProcessInfo.processInfo.environment["DEIXIS_TOKENIZER_CASES"] != nil))
func tokenizerMatchesFile() throws {
    let path = try #require(ProcessInfo.processInfo.environment["DEIXIS_TOKENIZER_CASES"])
    #expect(try compare(URL(filePath: path)) > 0)
}

@Test func unknownWordsAreCountedAndNamed() throws {
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "cup", "##s"].map { Array($0.utf8) }
    let vocabulary = try Vocabulary(tokens: tokens)
    let tokenizer = try Tokenizer(vocabulary: vocabulary, settings: TokenizerSettings(maxLength: 8))
    #expect(tokenizer.encode("red cups").unknownCount == 0 && tokenizer.unknownWords(in: "red cups").isEmpty)
    let mixed = "the Red cupz, the cups"
    #expect(
        tokenizer.encode(mixed) == TokenizedSentence(ids: [2, 1, 4, 1, 1, 1, 5, 3], droppedCount: 1, unknownCount: 4))
    #expect(tokenizer.unknownWords(in: mixed) == ["the", "cupz", ","])
    // What is cut off is not asked, and so not named.
    let short = try Tokenizer(vocabulary: vocabulary, settings: TokenizerSettings(maxLength: 4))
    #expect(
        short.encode("red zebra cup quux") == TokenizedSentence(ids: [2, 4, 1, 3], droppedCount: 2, unknownCount: 1))
    #expect(short.unknownWords(in: "red zebra cup quux") == ["zebra"])
}

@Test(arguments: [
    ("", false), (" \t\n", false), ("\u{200B}\u{7}\u{FEFF}", false), ("\u{301}", false), ("?", true), ("a", true),
    ("杯", true), ("🙂", true),
])
func aSentenceHasWordsOrNot(sentence: String, has: Bool) throws {
    #expect(Tokenizer.hasWords(sentence) == has)
    // As the model will see it.
    let vocabulary = try Vocabulary(tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map { Array($0.utf8) })
    #expect(try Tokenizer(vocabulary: vocabulary).encode(sentence).isEmpty == !has)
}

@Test func truncationIsReported() throws {
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "cup", "##s"].map { Array($0.utf8) }
    let vocabulary = try Vocabulary(tokens: tokens)
    let short = try Tokenizer(vocabulary: vocabulary, settings: TokenizerSettings(maxLength: 4))
    #expect(short.encode("red cup") == TokenizedSentence(ids: [2, 4, 5, 3], droppedCount: 0))
    #expect(short.encode("red cups red") == TokenizedSentence(ids: [2, 4, 5, 3], droppedCount: 2))
    let none = try Tokenizer(vocabulary: vocabulary, settings: TokenizerSettings(maxLength: 2))
    #expect(none.encode("red") == TokenizedSentence(ids: [2, 3], droppedCount: 1))
    let empty = short.encode(" \t\n")
    #expect(empty.ids == [2, 3] && empty.isEmpty && !empty.isTruncated)
}

@Test func illFormedBytesArePassedOver() throws {
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "r", "##ed"].map { Array($0.utf8) }
    let tokenizer = try Tokenizer(vocabulary: Vocabulary(tokens: tokens))
    #expect(tokenizer.encode([0x72, 0xFF, 0x65, 0x64]).ids == [2, 4, 3])
    #expect(tokenizer.encode([0xE2, 0x82, 0x72, 0x65, 0x64, 0xF0]).ids == [2, 4, 3])
    #expect(tokenizer.encode([0xED, 0xA0, 0x80]).ids == [2, 3])
    // Whatever the bytes, the decoder agrees with the standard library's repair.
    var state: UInt64 = 1
    for _ in 0..<20_000 {
        let bytes = (0..<12).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let pick = UInt8(truncatingIfNeeded: state >> 56)
            return pick < 64
                ? [0xE0, 0xED, 0xF0, 0xF4, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2][Int(pick) % 12] : pick
        }
        let expected = String(decoding: bytes, as: UTF8.self).unicodeScalars.map(\.value)
        let found = bytes.withUnsafeBufferPointer { buffer in
            var decoder = UTF8Decoder(buffer)
            var scalars: [UInt32] = []
            while let scalar = decoder.next() { scalars.append(scalar) }
            return scalars
        }
        #expect(found == expected)
    }
}

@Test func longHostileSentencesTakeLinearTime() throws {
    let tokenizer = try Tokenizer(vocabulary: vocabulary())
    // Two combining classes that must change places, a million times over.
    let marks = String(repeating: "\u{1D16D}\u{1D165}", count: 200_000)
    #expect(tokenizer.encode(marks).ids.count == 3)
    #expect(tokenizer.encode(String(repeating: "a", count: 1_000_000)).ids == [2, 1, 3])
    #expect(tokenizer.encode(String(repeating: "! ", count: 100_000)).droppedCount == 100_000 - 38)
}

@Test func vocabulariesAreChecked() {
    func tokens(_ names: String...) -> [[UInt8]] { names.map { Array($0.utf8) } }
    #expect(throws: InputError.emptyVocabulary) { try Vocabulary(tokens: []) }
    #expect(throws: InputError.emptyVocabulary) { try Vocabulary(lines: []) }
    #expect(throws: InputError.emptyToken(index: 1)) { try Vocabulary(lines: Array("a\n\nb\n".utf8)) }
    #expect(throws: InputError.duplicateToken(token: [0x61], first: 0, second: 2)) {
        try Vocabulary(lines: Array("a\nb\na".utf8))
    }
    #expect(throws: InputError.missingSpecialToken(Array("[CLS]".utf8))) {
        try Tokenizer(vocabulary: Vocabulary(tokens: tokens("[PAD]", "[UNK]", "[SEP]", "a")))
    }
    #expect(throws: InputError.maxLengthTooSmall(1)) {
        try Tokenizer(
            vocabulary: Vocabulary(tokens: tokens("[PAD]", "[UNK]", "[SEP]", "[CLS]")), settings: .init(maxLength: 1))
    }
    #expect(
        InputError.missingSpecialToken(Array("[CLS]".utf8)).description
            == "the vocabulary has no '[CLS]'; expected [PAD], [UNK], [CLS] and [SEP]")
}

@Test func vocabularyFindsEveryTokenAndNoOther() throws {
    let vocabulary = try vocabulary()
    for id in 0..<vocabulary.count { #expect(vocabulary.id(of: Array(vocabulary[id])) == id) }
    #expect(vocabulary.id(of: Array("no such token".utf8)) == nil)
    #expect(vocabulary.id(of: []) == nil)
    let again = try Vocabulary(lines: vocabulary.lines)
    #expect(again.count == vocabulary.count && again.lines == vocabulary.lines)
    let windows = try Vocabulary(lines: Array("a\r\nb\r\n".utf8))
    #expect(windows.count == 2 && windows.id(of: [0x62]) == 1)
}
