import DeixisInput
import Testing

private typealias Pair = (key: [UInt8], value: [UInt8])

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func example() throws -> GroundingMetadata {
    let vocabulary = try Vocabulary(lines: bytes("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nred\ncircle\n##s"))
    var metadata = GroundingMetadata(
        vocabulary: vocabulary, settings: TokenizerSettings(maxLength: 40), letterbox: try Letterbox(side: 512))
    metadata.training = [(bytes("command"), bytes("deixis-train train --config small --seed 1"))]
    return metadata
}

/// The example of formats/metadata.md, character for character.
@Test func pairsAreThoseOfTheSpecification() throws {
    let pairs = try example().pairs.map {
        (String(decoding: $0.key, as: UTF8.self), String(decoding: $0.value, as: UTF8.self))
    }
    let expected = [
        ("deixis.format", "1"), ("deixis.vocabulary", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nred\ncircle\n##s"),
        ("deixis.tokenizer.lowercase", "true"), ("deixis.tokenizer.strip_accents", "true"),
        ("deixis.tokenizer.max_length", "40"),
        ("deixis.image.size", "512"), ("deixis.image.letterbox", "long-side-centered-bilinear-antialiased"),
        ("deixis.image.pad_color", "124,116,104"), ("deixis.image.mean", "0.485,0.456,0.406"),
        ("deixis.image.std", "0.229,0.224,0.225"),
        ("deixis.training.command", "deixis-train train --config small --seed 1"),
    ]
    #expect(pairs.map(\.0) == expected.map(\.0))
    #expect(pairs.map(\.1) == expected.map(\.1))
}

@Test func pairsAreReadBack() throws {
    var metadata = try example()
    metadata.settings = TokenizerSettings(lowercases: false, stripsAccents: false, maxLength: 17)
    metadata.letterbox = try Letterbox(side: 128, padColor: RGB(0, 7, 255))
    metadata.mean = ChannelValues(0, -0.5, 123.675)
    metadata.standardDeviation = ChannelValues(1, 0.000001, 58.395)
    let foreign: Pair = (bytes("author"), bytes("someone"))
    let later: Pair = (bytes("deixis.later"), bytes("?"))
    let read = try GroundingMetadata(pairs: [foreign, later] + metadata.pairs + [foreign])
    #expect(read.settings == metadata.settings && read.letterbox == metadata.letterbox)
    #expect(read.mean == metadata.mean && read.standardDeviation == metadata.standardDeviation)
    #expect(read.vocabulary.lines == metadata.vocabulary.lines)
    #expect(
        read.training.map(\.key) == metadata.training.map(\.key)
            && read.training.map(\.value) == metadata.training.map(\.value))
}

/// Every rule of the letterbox, by its name in the file.
@Test(arguments: [
    (true, true, "long-side-centered-bilinear-antialiased"), (true, false, "long-side-centered-bilinear"),
    (false, true, "long-side-corner-bilinear-antialiased"), (false, false, "long-side-corner-bilinear"),
])
func letterboxRules(centered: Bool, antialiases: Bool, name: String) throws {
    var metadata = try example()
    metadata.letterbox = try Letterbox(side: 64, isCentered: centered, antialiases: antialiases)
    #expect(metadata.pairs.first { $0.key == bytes("deixis.image.letterbox") }?.value == bytes(name))
    #expect(try GroundingMetadata(pairs: metadata.pairs).letterbox == metadata.letterbox)
}

@Test func everyRequiredKeyIsMissed() throws {
    let pairs = try example().pairs.filter { !$0.key.starts(with: bytes("deixis.training.")) }
    #expect(pairs.count == 10)
    for i in pairs.indices {
        var fewer = pairs
        let gone = fewer.remove(at: i).key
        #expect(throws: InputError.missingKey(gone)) { try GroundingMetadata(pairs: fewer) }
    }
    #expect(
        InputError.missingKey(bytes("deixis.vocabulary")).description
            == "the model's metadata has no 'deixis.vocabulary'; was it written by deixis-train export?")
}

@Test(arguments: [
    ("deixis.format", "2", "1, the version this library reads"),
    ("deixis.tokenizer.lowercase", "TRUE", "true or false"),
    ("deixis.tokenizer.strip_accents", "", "true or false"),
    ("deixis.tokenizer.max_length", "1", "a whole number from 2 to 1000000"),
    ("deixis.tokenizer.max_length", "99999999999999999999", "a whole number from 2 to 1000000"),
    ("deixis.image.size", "0", "a whole number from 1 to 16384"),
    ("deixis.image.size", "-5", "a whole number from 1 to 16384"),
    ("deixis.image.size", "512px", "a whole number from 1 to 16384"),
    ("deixis.image.letterbox", "stretch", "long-side-{centered|corner}-bilinear[-antialiased]"),
    ("deixis.image.pad_color", "1,2", "three whole numbers from 0 to 255, R,G,B"),
    ("deixis.image.pad_color", "1,2,3,x", "three whole numbers from 0 to 255, R,G,B"),
    ("deixis.image.pad_color", "1,2,256", "three whole numbers from 0 to 255, R,G,B"),
    ("deixis.image.mean", "0.5,0.5", "three decimal numbers, R,G,B"),
    ("deixis.image.std", "0.5,.5,nan", "three decimal numbers, R,G,B"),
])
func malformedValuesAreNamed(key: String, value: String, expected: String) throws {
    var pairs = try example().pairs
    let at = try #require(pairs.firstIndex { $0.key == bytes(key) })
    pairs[at].value = bytes(value)
    let error = #expect(throws: InputError.self) { try GroundingMetadata(pairs: pairs) }
    #expect(error?.description == "the model's metadata key '\(key)' is '\(value)'; expected \(expected)")
}

@Test func repeatedKeysAndBadVocabulariesAreNamed() throws {
    let pairs = try example().pairs
    #expect(throws: InputError.duplicateKey(bytes("deixis.format"))) {
        try GroundingMetadata(pairs: pairs + [pairs[0]])
    }
    var broken = pairs
    broken[1].value = bytes("[PAD]\n[UNK]\n[CLS]\nred")
    #expect(throws: InputError.missingSpecialToken(bytes("[SEP]"))) { try GroundingMetadata(pairs: broken) }
}
