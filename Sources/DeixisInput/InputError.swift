/// Everything that can be wrong with a vocabulary, a picture in memory or a model's metadata.
public indirect enum InputError: Error, Sendable, Equatable {
    case emptyVocabulary
    /// An entry of no bytes; `index` is its id.
    case emptyToken(index: Int)
    case duplicateToken(token: [UInt8], first: Int, second: Int)
    /// One of [PAD] [UNK] [CLS] [SEP] is not in the vocabulary.
    case missingSpecialToken([UInt8])
    /// [CLS] and [SEP] alone need 2.
    case maxLengthTooSmall(Int)
    case pixelCountMismatch(width: Int, height: Int, byteCount: Int)
    /// A side is longer than `RGBImage.longestSide`.
    case imageTooLong(width: Int, height: Int)
    /// The letterboxed square's side is outside 1...16384.
    case invalidSide(Int)
    case missingKey([UInt8])
    case malformedKey(key: [UInt8], expected: StaticText, got: [UInt8])
    case duplicateKey([UInt8])
}

/// A fixed phrase inside an error; compared byte for byte, since Embedded Swift compares no strings.
public struct StaticText: Sendable, Equatable, CustomStringConvertible, ExpressibleByStringLiteral {
    let bytes: [UInt8]
    public init(stringLiteral value: StaticString) { bytes = value.withUTF8Buffer { Array($0) } }
    public var description: String { text(bytes) }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// At most 40 bytes of what was found, so that a message stays one line.
@inline(never)
private func excerpt(_ bytes: [UInt8]) -> String {
    let head = bytes.prefix(40).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
    return bytes.count > 40 ? text(head) + "..." : text(head)
}

/// An interpolated string, in a call: inlined at every use it takes hundreds of bytes each.
@inline(never)
private func line(
    _ a: StaticString, _ x: String = "", _ b: StaticString = "", _ y: String = "", _ c: StaticString = "",
    _ z: String = "", _ d: StaticString = ""
) -> String { "\(a)\(x)\(b)\(y)\(c)\(z)\(d)" }

@inline(never)
private func number(_ value: Int) -> String { String(value) }

extension InputError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .emptyVocabulary:
            line("the vocabulary is empty; expected one token per line")
        case .emptyToken(let index):
            line("vocabulary entry ", number(index), " is empty; expected one token per line")
        case .duplicateToken(let token, let first, let second):
            line(
                "vocabulary entries ", number(first), " and ", number(second), " are both '", excerpt(token),
                "'; expected each token once")
        case .missingSpecialToken(let token):
            line("the vocabulary has no '", excerpt(token), "'; expected [PAD], [UNK], [CLS] and [SEP]")
        case .maxLengthTooSmall(let length):
            line("the maximum length is ", number(length), "; expected at least 2, for [CLS] and [SEP]")
        case .pixelCountMismatch(let width, let height, let byteCount):
            line(
                "an RGB image of ", number(width), " x ", number(height), " was given ", number(byteCount),
                " bytes; expected width x height x 3, both at least 1")
        case .imageTooLong(let width, let height):
            line(
                "an image of ", number(width), " x ", number(height), " is too long; expected at most ",
                number(RGBImage.longestSide), " each")
        case .invalidSide(let side):
            line("the letterboxed image's side is ", number(side), "; expected 1 to ", number(Letterbox.maximumSide))
        case .missingKey(let key):
            line("the model's metadata has no '", excerpt(key), "'; was it written by deixis-train export?")
        case .malformedKey(let key, let expected, let got):
            line(
                "the model's metadata key '", excerpt(key), "' is '", excerpt(got), "'; expected ", expected.description
            )
        case .duplicateKey(let key):
            line("the model's metadata has '", excerpt(key), "' twice; expected it once")
        }
    }
}
