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
/// Not for use by two threads at once; models of one file may work side by side.
public final class GroundingModel {
    /// The file, for messages.
    public let path: String
    public let metadata: GroundingMetadata
    let session: Session
    private let tokenizer: Tokenizer
    /// Positions of the inputs.
    private let positions: (image: Int, tokens: Int, mask: Int)
    /// The picture whose values the session keeps.
    private var seated: Seat?
    private let interface: Interface
    private var scratch = LetterboxScratch()

    /// - Parameter options: how to run; `options.threads` counts the calling thread, 0 means all usable cores.
    public init(path: String, options: SessionOptions = SessionOptions()) throws(ModelError) {
        self.path = path
        let model: Model
        do throws(RuntimeError) { model = try Model.load(path) } catch { throw .runtime(file: path, error) }
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
        func position(_ name: Name) -> Int { graph.inputs.firstIndex { graph[$0].name == name } ?? 0 }
        positions = (position(Interface.image), position(Interface.tokens), position(Interface.mask))
    }

    public var threads: Int { session.threads }

    /// What `sentence` points at in `image`. After `deadline` milliseconds the network stops at its next step and the error is
    /// `ModelError.runtime(_, .timeout)`; the model stays usable. The first sentence of a length pays for its plan.
    public func ground(_ image: RGBImage, _ sentence: String, deadline: Double? = nil) throws(ModelError) -> Grounding {
        let deadline = deadline.map { Deadline(milliseconds: $0) }
        let utf8 = Array(sentence.utf8)
        // Spans of arrays, for Embedded Swift's closures throw one type only.
        var result: Result<Grounding, ModelError> = .failure(.emptySentence)
        image.pixels.withUnsafeBufferPointer { pixels in
            result = attempt(pixels, width: image.width, height: image.height, stride: image.width * 3, utf8, deadline)
        }
        return try result.get()
    }

    /// The same for pixels that lie elsewhere: rows of `width` * 3 bytes R G B, `stride` bytes apart; and a sentence in UTF-8.
    public func ground(
        pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, stride: Int, sentence: [UInt8], deadline: Double? = nil
    ) throws(ModelError) -> Grounding {
        try checkPixels(pixels, width, height, stride)
        let deadline = deadline.map { Deadline(milliseconds: $0) }
        return try attempt(pixels, width: width, height: height, stride: stride, sentence, deadline).get()
    }

    /// Looks at `image` once, to be asked many sentences. `deadline` as in `ground`, for the looking.
    public func scene(_ image: RGBImage, deadline: Double? = nil) throws(ModelError) -> Scene {
        let deadline = deadline.map { Deadline(milliseconds: $0) }
        var result: Result<Scene, ModelError> = .failure(.emptySentence)
        image.pixels.withUnsafeBufferPointer { pixels in
            do throws(ModelError) {
                result = .success(try look(pixels, width: image.width, height: image.height, stride: image.width * 3, deadline))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    /// The same for pixels that lie elsewhere, as in `ground`; they are not needed afterwards.
    public func scene(
        pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, stride: Int, deadline: Double? = nil
    ) throws(ModelError) -> Scene {
        try checkPixels(pixels, width, height, stride)
        return try look(pixels, width: width, height: height, stride: stride, deadline.map { Deadline(milliseconds: $0) })
    }

    private func look(
        _ pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, stride: Int, _ deadline: Deadline?
    ) throws(ModelError) -> Scene {
        let start = deixis_clock_ns(), middle: UInt64, seat = Seat()
        do throws(RuntimeError) {
            leaveSeat()
            // What is kept is the same for every length; this one makes room for all.
            try prepare(length ?? interface.fixedLength ?? metadata.settings.maxLength)
            letterbox(pixels, width, height, stride, into: try session.inputBuffer(positions.image).bindMemory(to: UInt8.self))
            seated = seat
            middle = deixis_clock_ns()
            try session.runKept(before: deadline)
        } catch {
            throw .runtime(file: path, error)
        }
        return Scene(
            self, seat, width: width, height: height, inputMilliseconds: Double(middle - start) / 1e6,
            networkMilliseconds: Double(deixis_clock_ns() - middle) / 1e6)
    }

    private func checkPixels(
        _ pixels: UnsafeBufferPointer<UInt8>, _ width: Int, _ height: Int, _ stride: Int
    ) throws(ModelError) {
        let row = width.multipliedReportingOverflow(by: 3)
        let before = max(height - 1, 0).multipliedReportingOverflow(by: stride)
        guard width > 0, height > 0, !row.overflow, !before.overflow, stride >= row.partialValue,
            before.partialValue <= pixels.count, pixels.count - before.partialValue >= row.partialValue
        else {
            throw .image(.pixelCountMismatch(width: width, height: height, byteCount: pixels.count))
        }
    }

    private func attempt(
        _ pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, stride: Int, _ sentence: [UInt8], _ deadline: Deadline?
    ) -> Result<Grounding, ModelError> {
        do throws(ModelError) {
            return .success(try answer(pixels, width: width, height: height, stride: stride, sentence, deadline))
        } catch {
            return .failure(error)
        }
    }

    private func answer(
        _ pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, stride: Int, _ sentence: [UInt8], _ deadline: Deadline?
    ) throws(ModelError) -> Grounding {
        let start = deixis_clock_ns()
        let tokens = try encode(sentence)
        return try finish(tokens, width: width, height: height, start: start) { () throws(RuntimeError) in
            leaveSeat()
            try prepare(length(for: tokens.ids.count))
            letterbox(pixels, width, height, stride, into: try session.inputBuffer(positions.image).bindMemory(to: UInt8.self))
            seated = Seat()
        } run: { () throws(RuntimeError) in try session.run(before: deadline) }
    }

    /// The answer for the picture whose values are kept for `seat`.
    func answer(_ seat: Seat, width: Int, height: Int, _ sentence: [UInt8], _ deadline: Deadline?) throws(ModelError) -> Grounding {
        let start = deixis_clock_ns()
        let tokens = try encode(sentence)
        return try finish(tokens, width: width, height: height, start: start) { () throws(RuntimeError) in
            let isSeated = seated === seat
            if !isSeated { leaveSeat() }
            try prepare(length(for: tokens.ids.count))
            if !isSeated, let values = seat.values {
                try session.restoreKept(values)
                seated = seat
            }
        } run: { () throws(RuntimeError) in try session.runChanged(before: deadline) }
    }

    private func encode(_ sentence: [UInt8]) throws(ModelError) -> TokenizedSentence {
        let tokens = tokenizer.encode(sentence)
        if tokens.isEmpty { throw .emptySentence }
        return tokens
    }

    /// `place` prepares the session and sees to the picture; `run` runs it.
    private func finish(
        _ tokens: TokenizedSentence, width: Int, height: Int, start: UInt64,
        place: () throws(RuntimeError) -> Void, run: () throws(RuntimeError) -> Void
    ) throws(ModelError) -> Grounding {
        let output: NormalizedBox
        let middle: UInt64
        do throws(RuntimeError) {
            try place()
            let ids = try session.inputBuffer(positions.tokens).bindMemory(to: Int64.self)
            let mask = try session.inputBuffer(positions.mask).bindMemory(to: Int64.self)
            for i in ids.indices {
                let isReal = i < tokens.ids.count
                ids[i] = isReal ? tokens.ids[i] : tokenizer.padID
                mask[i] = isReal ? 1 : 0
            }
            middle = deixis_clock_ns()
            try run()
            output = try box()
        } catch {
            throw .runtime(file: path, error)
        }
        let end = deixis_clock_ns()
        guard [output.centerX, output.centerY, output.width, output.height].allSatisfy({ $0.isFinite }) else {
            throw .notFinite(file: path)
        }
        return Grounding(
            box: metadata.letterbox.pixels(output, width: width, height: height), normalizedBox: output,
            tokenCount: tokens.ids.count, droppedTokenCount: tokens.droppedCount,
            inputMilliseconds: Double(middle - start) / 1e6, networkMilliseconds: Double(end - middle) / 1e6)
    }

    // MARK: Plans and what they keep

    /// The length prepared last.
    private var length: Int?

    private func prepare(_ length: Int) throws(RuntimeError) {
        try session.prepare(shapes(length), keeping: [positions.image])
        self.length = length
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

    /// Before another picture comes: what the session keeps of the last one goes to its scene, if that still lives.
    private func leaveSeat() {
        if seated != nil, seated?.values == nil, !isKnownUniquelyReferenced(&seated) { seated?.values = try? session.copyKept() }
        seated = nil
    }

    private func letterbox(
        _ pixels: UnsafeBufferPointer<UInt8>, _ width: Int, _ height: Int, _ stride: Int, into target: UnsafeMutableBufferPointer<UInt8>
    ) {
        metadata.letterbox.apply(
            pixels: pixels, rowBytes: stride, width: width, height: height, into: target, scratch: &scratch, pool: session.pool)
    }

    private func box() throws(RuntimeError) -> NormalizedBox {
        let index = session.outputNames.firstIndex(of: Interface.box) ?? 0
        let bytes = try session.output(index).bytes
        // `Interface` has checked type and shape as stated; a file may compute something else.
        guard bytes.count == 16 else { throw .invalidGraph(reason: "output 'box' has \(bytes.count) bytes, expected 16") }
        func number(_ at: Int) -> Float { bytes.loadUnaligned(fromByteOffset: at * 4, as: Float.self) }
        return NormalizedBox(centerX: number(0), centerY: number(1), width: number(2), height: number(3))
    }
}
