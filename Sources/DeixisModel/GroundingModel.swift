import CDeixisSystem
import DeixisGraph
public import DeixisInput
public import DeixisRuntime

/// Loads once, then answers: one picture and one sentence in, one box out.
///
///     let model = try GroundingModel(path: "small.onnx")
///     let found = try model.ground(picture, "the red mug left of the laptop")
///     print(found.box)
///
/// Any number of threads may ask one model at once: they share its weights and plans, and each call has memory of its
/// own to work in. With `SessionOptions.threads` at 1 each caller has its core to itself; with more they take turns at
/// the model's threads.
public final class GroundingModel: Sendable {
    /// The file, for messages.
    public let path: String
    public let metadata: GroundingMetadata
    let session: Session
    private let tokenizer: Tokenizer
    /// Positions of the inputs and of the output.
    private let positions: (image: Int, tokens: Int, mask: Int, box: Int)
    private let interface: Interface
    private let callers = Idle<Caller>(limit: 64)

    /// - Parameters:
    ///   - options: how to run; `options.threads` counts the calling thread, 0 means all usable cores.
    ///   - operators: what the file may use; `DeixisOperators` has more.
    public init(path: String, options: SessionOptions = SessionOptions(), operators: OperatorSet = .lean)
        throws(ModelError)
    {
        self.path = path
        let model: Model
        do throws(RuntimeError) { model = try Model.load(path, operators: operators) } catch {
            throw .runtime(file: path, error)
        }
        let graph = model.graph
        do throws(InputError) {
            metadata = try GroundingMetadata(pairs: graph.metadata.map { ($0.key.bytes, $0.value.bytes) })
            tokenizer = try metadata.makeTokenizer()
        } catch {
            throw .metadata(file: path, error)
        }
        do throws(Interface.Mismatch) { interface = try Interface(graph, metadata) } catch {
            throw .interface(file: path, reason: error.reason)
        }
        do throws(RuntimeError) { session = try Session(model, options: options) } catch {
            throw .runtime(file: path, error)
        }
        func position(_ name: Name, _ ids: [ValueID]) -> Int { ids.firstIndex { graph[$0].name == name } ?? 0 }
        positions = (
            position(Interface.image, graph.inputs), position(Interface.tokens, graph.inputs),
            position(Interface.mask, graph.inputs),
            position(Interface.box, graph.outputs)
        )
    }

    public var threads: Int { session.threads }

    /// Whether answers have a `score`.
    public var givesScores: Bool { interface.score != nil }

    /// The words of `sentence` that the vocabulary lacks, each once, as the tokenizer spells them (lower case, for most
    /// models).
    public func unknownWords(in sentence: String) -> [String] { tokenizer.unknownWords(in: sentence) }

    /// What `sentence` points at in `image`. After `deadline` milliseconds the network stops at its next step and the
    /// error is `ModelError.runtime(_, .timeout)`; the model stays usable. The first sentence of a length pays for its
    /// plan.
    public func ground(_ image: RGBImage, _ sentence: String, deadline: Double? = nil) throws(ModelError) -> Grounding {
        let utf8 = Array(sentence.utf8)
        return try image.pixels.withUnsafeBufferPointer { (pixels) throws(ModelError) in
            let picture = Picture(pixels: pixels, width: image.width, height: image.height, stride: image.width * 3)
            return try ground(picture, utf8, deadline)
        }
    }

    /// The same for pixels that lie elsewhere: rows of `width` * 3 bytes R G B, `stride` bytes apart; and a sentence in
    /// UTF-8.
    public func ground(
        pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, stride: Int, sentence: [UInt8],
        deadline: Double? = nil
    ) throws(ModelError) -> Grounding {
        try ground(try Picture(checking: pixels, width: width, height: height, stride: stride), sentence, deadline)
    }

    /// Looks at `image` once, to be asked many sentences. `deadline` as in `ground`, for the looking.
    public func scene(_ image: RGBImage, deadline: Double? = nil) throws(ModelError) -> Scene {
        try image.pixels.withUnsafeBufferPointer { (pixels) throws(ModelError) in
            try look(
                Picture(pixels: pixels, width: image.width, height: image.height, stride: image.width * 3), deadline)
        }
    }

    /// The same for pixels that lie elsewhere, as in `ground`; they are not needed afterwards.
    public func scene(
        pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, stride: Int, deadline: Double? = nil
    ) throws(ModelError) -> Scene {
        try look(try Picture(checking: pixels, width: width, height: height, stride: stride), deadline)
    }

    // MARK: Sentence and picture -> inputs -> run -> box

    private func ground(_ picture: Picture, _ sentence: [UInt8], _ deadline: Double?) throws(ModelError) -> Grounding {
        var watch = Watch(deadline)
        let tokens = try encode(sentence)
        let output = try withCaller { (caller) throws(RuntimeError) in
            try prepare(caller, length(for: tokens.ids.count))
            try write(picture, caller)
            try write(tokens, caller)
            watch.inputsAreReady()
            try caller.context.run(before: watch.deadline)
            return try answer(caller)
        }
        return try grounding(output, tokens, picture.width, picture.height, watch)
    }

    private func look(_ picture: Picture, _ deadline: Double?) throws(ModelError) -> Scene {
        var watch = Watch(deadline)
        let values = try withCaller { (caller) throws(RuntimeError) -> KeptValues? in
            // What is kept is the same for every length; this one makes room for all.
            try prepare(caller, interface.fixedLength ?? metadata.settings.maxLength)
            try write(picture, caller)
            watch.inputsAreReady()
            try caller.context.runKept(before: watch.deadline)
            let values = try caller.context.copyKept()
            caller.values = values
            return values
        }
        let (input, network) = watch.milliseconds
        return Scene(
            self, values, width: picture.width, height: picture.height, inputMilliseconds: input,
            networkMilliseconds: network)
    }

    func ground(_ scene: Scene, _ sentence: [UInt8], _ deadline: Double?) throws(ModelError) -> Grounding {
        var watch = Watch(deadline)
        let tokens = try encode(sentence)
        let output = try withCaller(holding: scene.values) { (caller) throws(RuntimeError) in
            try prepare(caller, length(for: tokens.ids.count))
            if caller.values !== scene.values, let values = scene.values {
                try caller.context.restoreKept(values)
                caller.values = values
            }
            try write(tokens, caller)
            watch.inputsAreReady()
            try caller.context.runChanged(before: watch.deadline)
            return try answer(caller)
        }
        return try grounding(output, tokens, scene.width, scene.height, watch)
    }

    private func encode(_ sentence: [UInt8]) throws(ModelError) -> TokenizedSentence {
        guard sentence.count <= Tokenizer.longestSentence else { throw .sentenceTooLong }
        let tokens = tokenizer.encode(sentence)
        if tokens.isEmpty { throw .emptySentence }
        return tokens
    }

    /// Lends memory to work in, if possible what holds `values` already.
    private func withCaller<R>(
        holding values: KeptValues? = nil, _ body: (Caller) throws(RuntimeError) -> R
    ) throws(ModelError) -> R {
        let caller = callers.take { $0.values === values } ?? Caller(session.makeContext())
        defer { giveBack(caller) }
        do throws(RuntimeError) {
            return try roundingToNearest { () throws(RuntimeError) in try body(caller) }
        } catch { throw .runtime(file: path, error) }
    }

    private func giveBack(_ caller: Caller) {
        // What found memory short may lie in the reserve, which others will need.
        if !deixis_memory_is_short() { callers.give(caller) }
    }

    private func prepare(_ caller: Caller, _ length: Int) throws(RuntimeError) {
        try caller.context.prepare(shapes(length), keeping: [positions.image])
    }

    private func shapes(_ length: Int) -> [[Int]] {
        let side = metadata.letterbox.side
        return (0..<3).map { $0 == positions.image ? [1, side, side, 3] : [1, length] }
    }

    /// A file of a fixed length gets its padding only if the network cannot do without.
    private func length(for count: Int) -> Int {
        guard let fixed = interface.fixedLength, count < fixed else { return count }
        return session.mayDropPadding(from: shapes(fixed), to: shapes(count), mask: positions.mask) ? count : fixed
    }

    private func write(_ picture: Picture, _ caller: Caller) throws(RuntimeError) {
        caller.values = nil
        metadata.letterbox.apply(
            pixels: picture.pixels, rowBytes: picture.stride, width: picture.width, height: picture.height,
            into: try caller.context.inputBuffer(positions.image).bindMemory(to: UInt8.self), scratch: &caller.scratch,
            pool: session.pool)
    }

    private func write(_ tokens: TokenizedSentence, _ caller: Caller) throws(RuntimeError) {
        let ids = try caller.context.inputBuffer(positions.tokens).bindMemory(to: Int64.self)
        let mask = try caller.context.inputBuffer(positions.mask).bindMemory(to: Int64.self)
        GroundingInput.write(tokens.ids, padID: tokenizer.padID, ids: ids, mask: mask)
    }

    /// What the network said.
    private struct Answer {
        let box: NormalizedBox
        let score: Float?
        var isFinite: Bool {
            box.centerX.isFinite && box.centerY.isFinite && box.width.isFinite && box.height.isFinite
                && score?.isFinite != false
        }
    }

    private func answer(_ caller: Caller) throws(RuntimeError) -> Answer {
        let box = try numbers(4, caller, positions.box, GroundingInput.box)
        return Answer(
            box: NormalizedBox(centerX: box[0], centerY: box[1], width: box[2], height: box[3]),
            score: try interface.score.map { (at) throws(RuntimeError) in
                // A negative one would read as none in C.
                min(max(try numbers(1, caller, at, GroundingInput.score)[0], 0), 1)
            })
    }

    private func numbers(_ count: Int, _ caller: Caller, _ output: Int, _ name: StaticString) throws(RuntimeError)
        -> [Float]
    {
        let bytes = try caller.context.output(output).bytes
        // `Interface` has checked type and shape as stated; a file may compute something else.
        guard bytes.count == count * 4 else {
            throw .invalidGraph(reason: "output '\(name)' has \(bytes.count) bytes, expected \(count * 4)")
        }
        return (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    }

    private func grounding(
        _ answer: Answer, _ tokens: TokenizedSentence, _ width: Int, _ height: Int, _ watch: Watch
    ) throws(ModelError) -> Grounding {
        let (input, network) = watch.milliseconds
        guard answer.isFinite else { throw .notFinite(file: path) }
        return Grounding(
            box: metadata.letterbox.pixels(answer.box, width: width, height: height), normalizedBox: answer.box,
            score: answer.score, tokenCount: tokens.ids.count,
            droppedTokenCount: tokens.droppedCount, unknownTokenCount: tokens.unknownCount, inputMilliseconds: input,
            networkMilliseconds: network)
    }
}
