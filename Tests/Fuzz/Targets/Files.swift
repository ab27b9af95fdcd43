import CDeixisSystem
import DeixisFiles
import DeixisGrounding
import DeixisImage
import DeixisInput
import DeixisTraining
import Foundation

extension FuzzTarget {
    // MARK: The trainer's files

    /// Checkpoints whose checksums are right. The input is texts between bytes 1: recipe, state, vocabulary, and the
    /// list of tensors; or, beginning with another byte than `{`, a whole file.
    static let checkpoint = FuzzTarget(
        "checkpoint", seeds: { CheckpointText.seeds },
        run: { bytes in
            let file = bytes.first == UInt8(ascii: "{") ? CheckpointText.file(bytes) : bytes
            guard let path = Scratch.file("checkpoint", file) else { return }
            _ = try? Checkpoint.metadata(of: path)
            _ = try? GroundingNetwork<Float>.configuration(of: path)
            if let trained = try? TrainedNetwork(checkpoint: path) { _ = trained.provenance(date: "") }
        })

    /// safetensors: the header's length is made right where the first byte is even.
    static let safetensors = FuzzTarget(
        "safetensors",
        seeds: {
            [
                Array(#"0{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"__metadata__":{"x":"y"}}"#.utf8) + [1]
                    + Array("abcdefgh".utf8),
                Array(
                    #"0{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[],"data_offsets":[4,6]}}"#
                        .utf8)
                    + [1] + Array("abcdef".utf8),
                Array(#"0{"a":{"dtype":"F64","shape":[0,9],"data_offsets":[0,0]}}"#.utf8) + [1],
            ]
        },
        run: { bytes in
            guard let first = bytes.first else { return }
            var file = Array(bytes.dropFirst())
            if first % 2 == 0 {
                let end = file.firstIndex(of: 1) ?? file.count, rest = file[min(end + 1, file.count)...]
                file = withUnsafeBytes(of: UInt64(end).littleEndian) { Array($0) } + file[..<end] + rest
            }
            guard let path = Scratch.file("safetensors", file), let tensors = try? SafeTensors(path) else { return }
            for name in tensors.names {
                _ = tensors.shape(of: name)
                _ = try? tensors.values(of: name)
            }
        })

    /// `manifest.jsonl` of a folder with pictures.
    static let manifest = FuzzTarget(
        "manifest",
        seeds: {
            [
                #"{"image": "a.png", "sentence": "the red star", "box": [1, 2, 3, 4]}"#,
                #"{"image": "a.png", "sentence": "r\u00e9d \ud83d\ude00", "box": [0, 0.5, 3e0, 4], "id": 7, "kind": "x", "width": 9, "height": 7}"#,
                "\n{\"image\":\"a.png\",\"sentence\":\"a\",\"box\":[-1,-1,11,9]}\r\n  \n[]\n{\"image\": \"../a.png\"}\n",
            ].map { Array($0.utf8) }
        },
        run: { bytes in
            guard PictureFolder.isMade, Scratch.file("manifest.jsonl", bytes) != nil else { return }
            for skipBad in [false, true] {
                do throws(GroundingError) {
                    let data = try Dataset(directory: Scratch.folder, skipBad: skipBad)
                    _ = data.files
                } catch {
                    _ = error.description
                }
            }
        })

    // MARK: Pictures

    /// JPEG and PNG through our layer; the size that a header tells must be the size that decoding gives.
    static let image = FuzzTarget(
        "image",
        run: { bytes in
            var limits = ImageLimits()
            limits.pixels = 1 << 18
            let picture = try? RGBImage(decoding: bytes, limits: limits)
            guard let path = Scratch.file("picture", bytes), let told = try? ImageHeader.size(ofFile: path), let picture
            else { return }
            guard told == (picture.width, picture.height) else {
                fatalError("the header tells \(told), the picture has \(picture.width) x \(picture.height)")
            }
        },
        mutate: { input, random, bytes in
            let changed = bytes(input)
            // A wrong checksum ends a PNG at its first changed chunk.
            return random.chance(80) ? PNGChunks.sealed(changed) : changed
        })

    // MARK: Sentences

    private static let words = Array(
        """
        [PAD]
        [UNK]
        [CLS]
        [SEP]
        [MASK]
        the
        red
        star
        ##s
        ##r
        r
        s
        ring
        left
        of
        é
        ##é
        e
        .
        ,
        中
        ##
        """.utf8)

    static let sentence = FuzzTarget(
        "sentence",
        seeds: {
            ["the red stars, left of the rings.", "Ré́d STAR 中文 \u{200D}\u{FEFF}", "[CLS] 🏳️‍🌈 ##s Å İ"].map {
                [0] + Array($0.utf8)
            }
        },
        run: { bytes in
            guard let first = bytes.first, let vocabulary = try? Vocabulary(lines: words) else { return }
            let settings = TokenizerSettings(
                lowercases: first & 1 == 0, stripsAccents: first & 2 == 0, maxLength: 2 + Int(first >> 2))
            guard let tokenizer = try? Tokenizer(vocabulary: vocabulary, settings: settings) else { return }
            let text = Array(bytes.dropFirst()), tokens = tokenizer.encode(text)
            guard tokens.ids.count <= settings.maxLength,
                tokens.ids.allSatisfy({ (0..<Int64(vocabulary.count)).contains($0) })
            else {
                fatalError(
                    "token ids \(tokens.ids) of a vocabulary of \(vocabulary.count), at most \(settings.maxLength)")
            }
            let string = String(decoding: text, as: UTF8.self)
            _ = tokenizer.unknownWords(in: string)
            _ = Tokenizer.hasWords(string, settings: settings)
        })

    /// A model's metadata: pairs of lines `key=value`, between bytes 1.
    static let metadata = FuzzTarget(
        "metadata",
        seeds: {
            guard let vocabulary = try? Vocabulary(lines: words), let letterbox = try? Letterbox(side: 64) else {
                return []
            }
            let pairs = GroundingMetadata(vocabulary: vocabulary, settings: TokenizerSettings(), letterbox: letterbox)
                .pairs
            return [Array(pairs.map { $0.key + [UInt8(ascii: "=")] + $0.value }.joined(separator: [1]))]
        },
        run: { bytes in
            var pairs: [(key: [UInt8], value: [UInt8])] = []
            for part in bytes.split(separator: 1, omittingEmptySubsequences: false) {
                let at = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
                pairs.append((Array(part[..<at]), Array(part[at...].dropFirst())))
            }
            guard let metadata = try? GroundingMetadata(pairs: pairs), let tokenizer = try? metadata.makeTokenizer()
            else { return }
            _ = tokenizer.encode("the red star")
            _ = metadata.pairs
            if metadata.letterbox.side <= 256,
                let picture = try? RGBImage(width: 3, height: 2, pixels: [UInt8](repeating: 7, count: 18))
            {
                _ = metadata.letterbox.apply(to: picture)
            }
        })

    // MARK: The runtime command's files

    static let numpy = FuzzTarget(
        "numpy",
        run: { bytes in
            guard let array = try? NumPyArray(file: bytes) else { return }
            let again = try? NumPyArray(file: array.encoded())
            guard let again, again.type == array.type, again.shape == array.shape, again.bytes == array.bytes else {
                fatalError("\(array.type) \(array.shape) is not what it was when written and read")
            }
        })

    /// JSON of `deixis profile`, compared with itself.
    static let profile = FuzzTarget(
        "profile",
        seeds: {
            [
                #"{"format":"deixis-profile","version":1,"model":"m","fingerprint":"f","threads":2,"instruction_set":"avx2","macs":12345678,"#
                    + #""dimensions":{"length":12},"load_ms":1.5,"first_ms":2,"min_ms":1,"p50_ms":1e0,"p90_ms":1.25,"p99_ms":3,"#
                    + #""operators":[{"operator":"Conv","ms":0.5}],"steps":[{"step":"a\u00e9\ud83d\ude00","ms":0.25},{"step":"a","ms":-1e300}]}"#,
                #"[null,true,false,-0.5e-3,"\"\\\/\b\f\n\r\t",[[]],{}]"#,
            ].map { Array($0.utf8) }
        },
        run: { bytes in
            guard let json = try? JSONParser.parse(bytes) else { return }
            let text = json.text(), line = json.line
            guard (try? JSONParser.parse(Array(text.utf8))) != nil, (try? JSONParser.parse(Array(line.utf8))) != nil
            else {
                fatalError("not JSON when written again: \(line)")
            }
            guard let record = try? ProfileRecord(json, "p.json") else { return }
            _ = Comparison(before: record, now: record).text(steps: true)
            _ = Comparison(before: record, now: record).text(steps: false)
        })
}

// MARK: -

enum PictureFolder {
    /// Beside the manifest.
    static let isMade: Bool = {
        guard let png = try? RGBImage(width: 9, height: 7, color: .white).encodedPNG() else { return false }
        return Scratch.file("a.png", png) != nil && Scratch.file("b.jpg", Array("no picture".utf8)) != nil
    }()
}

extension PNGChunks {
    /// `file` with the checksums that its chunks ask for.
    static func sealed(_ file: [UInt8]) -> [UInt8] {
        var sealed = file, at = 8
        while file.starts(with: signature), at + 12 <= file.count {
            let length = number(file[at..<at + 4]), end = at + 8 + length
            guard end + 4 <= file.count else { break }
            let sum = checksum(file[at + 4..<end])
            for i in 0..<4 { sealed[end + i] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * i)) }
            at = end + 4
        }
        return sealed
    }
}

enum CheckpointText {
    static let seeds: [[UInt8]] = {
        var recipe = TrainingRecipe()
        recipe.configuration = .tiny
        recipe.name = "tiny"
        let text = recipe.fileText(version: TrainingRecipe.version).utf8
        let state = #"{"step":3,"seconds":1.5,"heldOutAccuracy":0.5}"#,
            vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na"
        let tensors = #"[{"name":"a","role":"value","shape":[2],"offset":0,"checksum":"0","steps":1}]"#
        return [
            Array([Array(text), Array(state.utf8), Array(vocabulary.utf8), Array(tensors.utf8)].joined(separator: [1]))
        ]
    }()

    /// A checkpoint with these texts, as formats/checkpoint.md says.
    static func file(_ input: [UInt8]) -> [UInt8] {
        let parts = input.split(separator: 1, maxSplits: 3, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        func part(_ i: Int) -> String { i < parts.count ? parts[i] : "" }
        let metadata = ["recipe": part(0), "configuration": part(0), "state": part(1), "vocabulary": part(2)]
        guard let texts = try? JSONEncoder().encode(metadata) else { return [] }
        let tensors = part(3).isEmpty ? "[]" : part(3)
        let header = Array(
            "{\"scalar\":\"float32\",\"step\":3,\"metadata\":\(String(decoding: texts, as: UTF8.self)),\"tensors\":\(tensors)}"
                .utf8)
        var file = Array("DEIXISCK".utf8)
        func put<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { file += $0 } }
        put(UInt32(2))
        put(UInt32(0))
        put(UInt64(header.count))
        put(header.withUnsafeBytes { deixis_checksum(0, $0.baseAddress, $0.count) })
        return file + header + [UInt8](repeating: 0, count: 128)
    }
}
