/// How a sentence becomes tokens; part of a model's metadata.
public struct TokenizerSettings: Sendable, Equatable {
    public var lowercases = true
    public var stripsAccents = true
    /// Most tokens of a sentence, [CLS] and [SEP] included.
    public var maxLength = 40
    public init(lowercases: Bool = true, stripsAccents: Bool = true, maxLength: Int = 40) {
        self.lowercases = lowercases
        self.stripsAccents = stripsAccents
        self.maxLength = maxLength
    }
}

/// A sentence as ids, [CLS] first and [SEP] last.
public struct TokenizedSentence: Sendable, Equatable {
    public var ids: [Int64]
    /// Tokens cut off behind; 0 if the sentence fitted.
    public var droppedCount: Int
    /// How many of `ids` are [UNK]: words that the vocabulary lacks.
    public var unknownCount = 0
    public var isTruncated: Bool { droppedCount > 0 }
    /// Nothing between [CLS] and [SEP].
    public var isEmpty: Bool { ids.count <= 2 }
}

/// BERT's WordPiece tokenizer, equal to Hugging Face `tokenizers` (BertNormalizer, BertPreTokenizer, WordPiece, [CLS] A
/// [SEP]).
///
/// Greedy longest match from the left; pieces after the first are spelled `##piece`; a word with an unknown rest, or of
/// more than 100 scalars, is one [UNK]. A special token's spelling inside a sentence is ordinary text.
public struct Tokenizer: Sendable {
    public static let maxScalarsPerWord = 100
    /// Bytes of a sentence that a model is asked. `encode` takes more.
    public static let longestSentence = 1 << 16

    public let vocabulary: Vocabulary
    public let settings: TokenizerSettings
    public let padID: Int64
    public let unknownID: Int64
    public let startID: Int64
    public let endID: Int64
    private let normalizer: Normalizer

    /// Throws `missingSpecialToken` naming the first of [PAD] [UNK] [CLS] [SEP] that is absent, or `maxLengthTooSmall`.
    public init(vocabulary: Vocabulary, settings: TokenizerSettings = TokenizerSettings()) throws(InputError) {
        func special(_ name: StaticString) throws(InputError) -> Int64 {
            let bytes = name.withUTF8Buffer { Array($0) }
            guard let id = vocabulary.id(of: bytes) else { throw .missingSpecialToken(bytes) }
            return Int64(id)
        }
        padID = try special("[PAD]")
        unknownID = try special("[UNK]")
        startID = try special("[CLS]")
        endID = try special("[SEP]")
        guard settings.maxLength >= 2 else { throw .maxLengthTooSmall(settings.maxLength) }
        self.vocabulary = vocabulary
        self.settings = settings
        normalizer = Normalizer(lowercases: settings.lowercases, stripsAccents: settings.stripsAccents)
    }

    public func encode(_ sentence: String) -> TokenizedSentence { encode(Array(sentence.utf8)) }

    /// Tokens of UTF-8 bytes; ill-formed bytes are passed over. An empty sentence is [CLS] [SEP].
    public func encode(_ utf8: [UInt8]) -> TokenizedSentence {
        let scalars = utf8.withUnsafeBufferPointer { normalizer.normalize($0) }
        let room = settings.maxLength - 2
        var pieces = WordPieces(vocabulary: vocabulary, unknownID: unknownID, room: room)
        pieces.ids.append(startID)
        for word in Words(scalars) { pieces.add(scalars[word]) }
        pieces.ids.append(endID)
        return TokenizedSentence(
            ids: pieces.ids, droppedCount: max(pieces.total - room, 0), unknownCount: pieces.unknown)
    }

    /// The words that `encode` counts in `unknownCount`, normalized, each once, in the sentence's order.
    public func unknownWords(in sentence: String) -> [String] {
        let scalars = Array(sentence.utf8).withUnsafeBufferPointer { normalizer.normalize($0) }
        var pieces = WordPieces(vocabulary: vocabulary, unknownID: unknownID, room: settings.maxLength - 2)
        var words: [[UInt8]] = []
        for range in Words(scalars) {
            let before = pieces.unknown
            pieces.add(scalars[range])
            guard pieces.unknown > before else { continue }
            var word: [UInt8] = []
            for scalar in scalars[range] { appendUTF8(scalar, to: &word) }
            if !words.contains(word) { words.append(word) }
        }
        return words.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a tokenizer finds a word in `sentence`, whatever its vocabulary: nothing is left of spaces, control
    /// characters and the like.
    public static func hasWords(_ sentence: String, settings: TokenizerSettings = TokenizerSettings()) -> Bool {
        let normalizer = Normalizer(lowercases: settings.lowercases, stripsAccents: settings.stripsAccents)
        var words = Words(Array(sentence.utf8).withUnsafeBufferPointer { normalizer.normalize($0) })
        return words.next() != nil
    }
}

/// Ranges of normalized scalars that are words: runs between spaces, and every punctuation mark alone.
struct Words: Sequence, IteratorProtocol {
    private let scalars: [UInt32]
    private var at = 0
    init(_ scalars: [UInt32]) { self.scalars = scalars }

    mutating func next() -> Range<Int>? {
        while at < scalars.count, scalars[at] == 0x20 { at += 1 }
        guard at < scalars.count else { return nil }
        let start = at
        at += 1
        if ScalarClasses.isPunctuation(scalars[start]) { return start..<at }
        while at < scalars.count, scalars[at] != 0x20, !ScalarClasses.isPunctuation(scalars[at]) { at += 1 }
        return start..<at
    }
}

/// Collects the pieces of words: the first `room` ids, and the count of all.
private struct WordPieces {
    let vocabulary: Vocabulary
    let unknownID: Int64
    let room: Int
    var ids: [Int64] = []
    var total = 0
    /// How many of `ids` are words that the vocabulary lacks.
    private(set) var unknown = 0
    private var bytes: [UInt8] = []
    /// Byte offsets of the word's scalars, and of its end.
    private var edges: [Int] = []
    private var found: [Int64] = []
    private var hashes: [TokenHash] = []

    init(vocabulary: Vocabulary, unknownID: Int64, room: Int) {
        self.vocabulary = vocabulary
        self.unknownID = unknownID
        self.room = room
    }

    mutating func add(_ word: ArraySlice<UInt32>) {
        found.removeAll(keepingCapacity: true)
        if word.count > Tokenizer.maxScalarsPerWord || !split(word) {
            found.removeAll(keepingCapacity: true)
            found.append(unknownID)
            if total < room { unknown += 1 }
        }
        for id in found {
            if total < room { ids.append(id) }
            total += 1
        }
    }

    /// Greedy longest match; false if some rest matches nothing.
    private mutating func split(_ word: ArraySlice<UInt32>) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        edges.removeAll(keepingCapacity: true)
        for scalar in word {
            edges.append(bytes.count)
            appendUTF8(scalar, to: &bytes)
        }
        edges.append(bytes.count)
        var start = 0
        while start < edges.count - 1 {
            guard let (id, end) = longestPiece(from: start) else { return false }
            found.append(Int64(id))
            start = end
        }
        return true
    }

    private mutating func longestPiece(from start: Int) -> (id: Int, end: Int)? {
        let continued = start > 0
        var hash = TokenHash()
        if continued {
            hash.add(0x23)
            hash.add(0x23)
        }
        hashes.removeAll(keepingCapacity: true)
        let limit = vocabulary.longestToken - (continued ? 2 : 0)
        var end = start
        while end < edges.count - 1, edges[end + 1] - edges[start] <= limit {
            for i in edges[end]..<edges[end + 1] { hash.add(bytes[i]) }
            hashes.append(hash)
            end += 1
        }
        return bytes.withUnsafeBufferPointer { bytes in
            while end > start {
                let range = edges[start]..<edges[end]
                if let id = vocabulary.id(hashes[end - start - 1], of: bytes, range, continued: continued) {
                    return (id, end)
                }
                end -= 1
            }
            return nil
        }
    }
}
