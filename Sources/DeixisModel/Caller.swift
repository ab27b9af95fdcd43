import CDeixisSystem
import DeixisInput
import DeixisRuntime

/// What one call to a model works with; it goes from call to call, one at a time.
final class Caller {
    let context: RunContext
    var scratch = LetterboxScratch()
    /// The scene whose kept values the context holds.
    var values: KeptValues?

    init(_ context: RunContext) { self.context = context }
}

/// Rows of `width` * 3 bytes R G B, `stride` bytes apart.
struct Picture {
    let pixels: UnsafeBufferPointer<UInt8>
    let width: Int, height: Int, stride: Int

    init(pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, stride: Int) {
        self.pixels = pixels
        (self.width, self.height, self.stride) = (width, height, stride)
    }

    /// Throws unless `pixels` holds all of the rows.
    init(checking pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, stride: Int) throws(ModelError) {
        let row = width.multipliedReportingOverflow(by: 3)
        let before = max(height - 1, 0).multipliedReportingOverflow(by: stride)
        guard width > 0, height > 0, !row.overflow, !before.overflow, stride >= row.partialValue,
            before.partialValue <= pixels.count, pixels.count - before.partialValue >= row.partialValue
        else {
            throw .image(.pixelCountMismatch(width: width, height: height, byteCount: pixels.count))
        }
        guard max(width, height) <= RGBImage.longestSide else {
            throw .image(.imageTooLong(width: width, height: height))
        }
        self.init(pixels: pixels, width: width, height: height, stride: stride)
    }
}

/// Times one call: its inputs, its network, its deadline.
struct Watch {
    let deadline: Deadline?
    private let start: UInt64
    private var middle: UInt64

    /// - Parameter milliseconds: for the call, from now on; nil: as long as it needs.
    init(_ milliseconds: Double?) {
        deadline = milliseconds.map { Deadline(milliseconds: $0) }
        start = deixis_clock_ns()
        middle = start
    }

    mutating func inputsAreReady() { middle = deixis_clock_ns() }

    /// Until the inputs were ready; from then until now.
    var milliseconds: (input: Double, network: Double) {
        (Double(middle - start) / 1e6, Double(deixis_clock_ns() - middle) / 1e6)
    }
}
