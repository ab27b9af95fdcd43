/// Makes a WordPiece vocabulary from a corpus: [PAD] [UNK] [CLS] [SEP] [MASK], every character met (alone and as
/// `##x`), then whole words, then `##` endings, the frequent first. Deterministic: ties are broken by bytes.
public struct VocabularyBuilder {
    public let settings: TokenizerSettings
    private let normalizer: Normalizer
    private var counts: [Word: Int] = [:]

    public init(settings: TokenizerSettings = TokenizerSettings()) {
        self.settings = settings
        normalizer = Normalizer(lowercases: settings.lowercases, stripsAccents: settings.stripsAccents)
    }

    public mutating func add(_ sentence: String) { add(Array(sentence.utf8)) }

    public mutating func add(_ utf8: [UInt8]) {
        let scalars = utf8.withUnsafeBufferPointer { normalizer.normalize($0) }
        for range in Words(scalars) where range.count <= Tokenizer.maxScalarsPerWord {
            counts[Word(scalars: Array(scalars[range])), default: 0] += 1
        }
    }

    /// At most `limit` tokens (never fewer than the five specials), words and characters met less than `minimumCount`
    /// times left out.
    ///
    /// Endings (`##s`, `##ing`) of up to six scalars are kept where at least `minimumEndings` different words have
    /// them.
    public func build(limit: Int = 30_000, minimumCount: Int = 1, minimumEndings: Int = 8) throws(InputError)
        -> Vocabulary
    {
        var tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map { Array($0.utf8) }
        var characters: [Word: Int] = [:], words: [Word: Int] = [:], endings: [Word: (words: Int, count: Int)] = [:]
        for (word, count) in counts {
            for scalar in word.scalars { characters[Word(scalars: [scalar]), default: 0] += count }
            if word.scalars.count > 1 { words[word] = count }
            for length in 2...6 where word.scalars.count > length + 1 {
                let ending = Word(scalars: Array(word.scalars.suffix(length)))
                let known = endings[ending] ?? (0, 0)
                endings[ending] = (known.words + 1, known.count + count)
            }
        }
        let letters = ranked(characters, minimumCount)
        for letter in letters { tokens.append(letter.utf8) }
        for letter in letters { tokens.append(Word.continuation + letter.utf8) }
        for word in ranked(words, minimumCount) { tokens.append(word.utf8) }
        let common = endings.filter { $0.value.words >= minimumEndings }.mapValues { $0.count }
        for ending in ranked(common, minimumCount) { tokens.append(Word.continuation + ending.utf8) }
        return try Vocabulary(tokens: Array(tokens.prefix(max(limit, 5))))
    }

    private func ranked(_ counts: [Word: Int], _ minimum: Int) -> [Word] {
        counts.filter { $0.value >= minimum }
            .sorted {
                $0.value != $1.value ? $0.value > $1.value : $0.key.scalars.lexicographicallyPrecedes($1.key.scalars)
            }
            .map { $0.key }
    }
}

private struct Word: Hashable {
    let scalars: [UInt32]
    static var continuation: [UInt8] { [0x23, 0x23] }
    var utf8: [UInt8] {
        var bytes: [UInt8] = []
        for scalar in scalars { appendUTF8(scalar, to: &bytes) }
        return bytes
    }
}
