import DeixisInput
import Testing

private func text(_ vocabulary: Vocabulary) -> [String] {
    (0..<vocabulary.count).map { String(decoding: vocabulary[$0], as: UTF8.self) }
}

@Test func vocabularyIsBuiltByFrequency() throws {
    var builder = VocabularyBuilder()
    for sentence in ["The red cup", "the RED ball!", "a red cup"] { builder.add(sentence) }
    let tokens = text(try builder.build())
    #expect(tokens.prefix(5) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    // e 5, r 3, d 3, ...; words: red 3, then cup and the by bytes.
    #expect(tokens[5] == "e" && tokens.contains("##e") && tokens.contains("!"))
    let words = tokens.filter { $0.count > 1 && !$0.hasPrefix("##") && !$0.hasPrefix("[") }
    #expect(words == ["red", "cup", "the", "ball"])
    let tokenizer = try Tokenizer(vocabulary: builder.build())
    let known = tokenizer.encode("the red ball!")
    #expect(known.ids.count == 6 && !known.ids.contains(tokenizer.unknownID))
    // A word not met, of letters that were.
    #expect(!tokenizer.encode("bled").ids.contains(tokenizer.unknownID))
}

@Test func buildingIsDeterministicAndLimited() throws {
    func build(_ limit: Int) throws -> [String] {
        var builder = VocabularyBuilder()
        for i in 0..<200 {
            builder.add("word\(i) jumping\(i % 7)ing walking running talking \(i % 3 == 0 ? "Ünïcode" : "plain")")
        }
        return text(try builder.build(limit: limit))
    }
    #expect(try build(100) == build(100))
    #expect(try build(100).count == 100)
    #expect(try build(0) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    #expect(try build(1000).contains("unicode"))
}

@Test func commonEndingsBecomeTokens() throws {
    var builder = VocabularyBuilder()
    for stem in ["walk", "talk", "jump", "look", "play", "turn", "pull", "hold"] { builder.add(stem + "ing") }
    let tokens = text(try builder.build())
    #expect(tokens.contains("##ing") && !tokens.contains("##king"))
}
