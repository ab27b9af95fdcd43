import DeixisCommand
import DeixisGraph
import DeixisInput
import DeixisModel
import DeixisOperators
import DeixisRuntime

/// Where the words of a sentence looked in a picture: the probabilities with which the last layer of the fusion mixes
/// the picture's cells for each token, averaged over its heads.
struct AttentionMaps {
    struct Word {
        /// The word, or `nil` for [CLS], whose row becomes the box.
        let text: String?
        /// side * side shares that sum to 1, row by row.
        let shares: [Float]
    }
    /// Cells along each axis of the letterboxed square.
    let side: Int
    let words: [Word]
    let letterbox: Letterbox

    /// Asks the model in the file at `path`, in a session of its own that keeps the values.
    init(_ path: String, _ options: RunOptions, _ image: RGBImage, _ sentence: String) throws(CommandError) {
        let model: Model
        do throws(RuntimeError) { model = try Model.load(path, operators: .all) } catch {
            throw modelError(path, error)
        }
        let value = try Self.value(in: model, path)
        let session = try deixis.session(path, try keeping([value], model, path), options)
        let metadata: GroundingMetadata, tokenizer: Tokenizer
        do throws(InputError) {
            metadata = try GroundingMetadata(pairs: model.graph.metadata.map { ($0.key.bytes, $0.value.bytes) })
            tokenizer = try metadata.makeTokenizer()
        } catch { throw .data("\(path): \(error)") }
        letterbox = metadata.letterbox
        let tokens = tokenizer.encode(sentence)

        var length = tokens.ids.count
        for (name, type) in zip(session.inputNames, session.inputTypes) where "\(name)" == "\(GroundingInput.tokens)" {
            if case .fixed(let extent)? = type.shape?.last { length = extent }
        }
        let row = GroundingInput.row(tokens.ids, padID: tokenizer.padID, length: length)
        func integers(_ values: [Int64]) -> Constant {
            Constant(.int64, [1, values.count], values.withUnsafeBytes { Array($0) })
        }
        let side = letterbox.side
        let inputs: [(name: Name, tensor: Constant)] = [
            (Name("\(GroundingInput.image)"), Constant(.uint8, [1, side, side, 3], letterbox.apply(to: image).pixels)),
            (Name("\(GroundingInput.tokens)"), integers(row.ids)),
            (Name("\(GroundingInput.mask)"), integers(row.mask)),
        ]
        let outputs: [(name: Name, tensor: Constant)]
        do throws(RuntimeError) { outputs = try session.run(inputs) } catch { throw modelError(path, error) }
        guard let found = outputs.first(where: { $0.name == value })?.tensor else {
            throw .data("\(path): '\(value)' was not computed")
        }
        let shape = found.shape, cells = shape.last ?? 0
        guard shape.count == 4, shape[0] == 1, shape[1] > 0, shape[2] >= tokens.ids.count, found.type == .float32,
            let across = Self.side(ofSquare: cells)
        else {
            throw .data("\(path): '\(value)' has shape \(shape); expected [1, heads, tokens, cells of a square]")
        }
        self.side = across
        let numbers = Array(found.bytes).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        words = Self.words(tokens.ids, tokenizer).map { text, rows in
            var shares = [Float](repeating: 0, count: cells)
            for head in 0..<shape[1] {
                for row in rows {
                    let begin = (head * shape[2] + row) * cells
                    for cell in 0..<cells { shares[cell] += numbers[begin + cell] }
                }
            }
            let scale = 1 / Float(shape[1] * rows.count)
            return Word(text: text, shares: shares.map { $0 * scale })
        }
    }

    /// nil where so many cells, or none, make no square.
    static func side(ofSquare cells: Int) -> Int? {
        let side = Int(Double(max(cells, 0)).squareRoot().rounded())
        return side > 0 && side * side == cells ? side : nil
    }

    /// The probabilities of the last layer in which the sentence reads the picture, as our exports name them.
    private static func value(in model: Model, _ path: String) throws(CommandError) -> Name {
        if model.compilation != nil {
            throw .data("\(path): --attention: \(Model.KeepingError.compiled)")
        }
        let layers = model.valueNames.compactMap { name -> (layer: Int, name: Name)? in
            guard let match = "\(name)".wholeMatch(of: /fusion\.(\d+)\.language\.attention\/Softmax/),
                let layer = Int(match.1)
            else { return nil }
            return (layer, name)
        }
        guard let last = layers.max(by: { $0.layer < $1.layer }) else {
            throw .data(
                "\(path): --attention: the graph has no value 'fusion.N.language.attention/Softmax'; it is made by "
                    + "`deixis-train export` for fusions of kind alternate")
        }
        return last.name
    }

    /// [CLS] first, then each word with the rows of its pieces; [SEP] is left out.
    private static func words(_ ids: [Int64], _ tokenizer: Tokenizer) -> [(text: String?, rows: [Int])] {
        var words: [(text: String?, rows: [Int])] = [(nil, [0])]
        for (row, id) in ids.enumerated().dropFirst() where id != tokenizer.endID {
            let piece =
                id == tokenizer.unknownID ? "[UNK]" : String(decoding: tokenizer.vocabulary[Int(id)], as: UTF8.self)
            if piece.hasPrefix("##"), words.count > 1, let before = words[words.count - 1].text {
                words[words.count - 1] = (before + piece.dropFirst(2), words[words.count - 1].rows + [row])
            } else {
                words.append((piece, [row]))
            }
        }
        return words
    }
}
