import DeixisFiles
public import DeixisInput

/// The vocabularies models are trained with.
public enum SentenceVocabulary {
    /// [PAD] [UNK] [CLS] [SEP] [MASK] and the words of generated scenes: any other word is [UNK].
    public static func scenes() throws(GroundingError) -> Vocabulary {
        let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        do throws(InputError) {
            return try Vocabulary(tokens: (specials + SceneLanguage.words).map { Array($0.utf8) })
        } catch {
            throw .input(error)
        }
    }

    /// A `vocab.txt`: one token a line, the line number its id.
    public static func file(_ path: String) throws(GroundingError) -> Vocabulary {
        let bytes = try GroundingError.file { () throws(FileError) in try readFile(path) }
        do throws(InputError) {
            return try Vocabulary(lines: bytes)
        } catch {
            throw .unusable(path: path, action: "use it as a vocabulary", reason: error.description)
        }
    }

    /// Word pieces of a data set's sentences, `limit` at most.
    public static func of(_ sentences: [String], settings: TokenizerSettings, limit: Int) throws(GroundingError)
        -> Vocabulary
    {
        var builder = VocabularyBuilder(settings: settings)
        for sentence in sentences { builder.add(sentence) }
        do throws(InputError) {
            return try builder.build(limit: limit)
        } catch {
            throw .input(error)
        }
    }
}
