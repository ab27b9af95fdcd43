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
    private let session: Session
    private let tokenizer: Tokenizer
    private let interface: Interface
    private var scratch = LetterboxScratch()
    /// Rows packed for the letterbox where the caller's have gaps.
    private var packed: [UInt8] = []

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
        let deadline = deadline.map { Deadline(milliseconds: $0) }
        let row = width.multipliedReportingOverflow(by: 3)
        let before = max(height - 1, 0).multipliedReportingOverflow(by: stride)
        guard width > 0, height > 0, !row.overflow, !before.overflow, stride >= row.partialValue,
            before.partialValue <= pixels.count, pixels.count - before.partialValue >= row.partialValue
        else {
            throw .image(.pixelCountMismatch(width: width, height: height, byteCount: pixels.count))
        }
        return try attempt(pixels, width: width, height: height, stride: stride, sentence, deadline).get()
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
        let tokens = tokenizer.encode(sentence)
        guard !tokens.isEmpty else { throw .emptySentence }
        let output: NormalizedBox
        let middle: UInt64
        do throws(RuntimeError) {
            let length = interface.fixedLength ?? tokens.ids.count
            let side = metadata.letterbox.side
            try session.prepare(session.inputNames.map { $0 == Interface.image ? [1, side, side, 3] : [1, length] })
            for (index, name) in session.inputNames.enumerated() {
                let buffer = try session.inputBuffer(index)
                if name == Interface.image {
                    letterbox(pixels, width, height, stride, into: buffer.bindMemory(to: UInt8.self))
                } else {
                    let isMask = name == Interface.mask
                    let target = buffer.bindMemory(to: Int64.self)
                    for i in 0..<length {
                        let real = i < tokens.ids.count
                        target[i] = isMask ? (real ? 1 : 0) : (real ? tokens.ids[i] : tokenizer.padID)
                    }
                }
            }
            middle = deixis_clock_ns()
            if let deadline { try session.run(before: deadline) } else { try session.run() }
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

    private func letterbox(
        _ pixels: UnsafeBufferPointer<UInt8>, _ width: Int, _ height: Int, _ stride: Int, into target: UnsafeMutableBufferPointer<UInt8>
    ) {
        let row = width * 3
        if stride == row {
            let dense = UnsafeBufferPointer(rebasing: pixels[0..<row * height])
            metadata.letterbox.apply(pixels: dense, width: width, height: height, into: target, scratch: &scratch)
            return
        }
        packed.removeAll(keepingCapacity: true)
        for y in 0..<height { packed.append(contentsOf: UnsafeBufferPointer(rebasing: pixels[y * stride..<y * stride + row])) }
        packed.withUnsafeBufferPointer {
            metadata.letterbox.apply(pixels: $0, width: width, height: height, into: target, scratch: &scratch)
        }
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
