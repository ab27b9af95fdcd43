public import DeixisRuntime

/// Why a graph was not quantized, for people to read.
public enum QuantizationError: Error, CustomStringConvertible {
    /// The graph holds QuantizeLinear already.
    case alreadyQuantized(node: String)
    /// Nothing in the graph is a convolution or a product.
    case nothingToQuantize
    /// Calibration saw no sample.
    case noSamples
    /// A value was NaN or infinite while calibrating.
    case notFinite(value: String, sample: Int)
    case runtime(RuntimeError)

    public var description: String {
        switch self {
        case .alreadyQuantized(let node):
            "the graph is quantized already: node '\(node)' is a QuantizeLinear or DequantizeLinear"
        case .nothingToQuantize: "the graph has no Conv, MatMul or Gemm to quantize"
        case .noSamples: "calibration needs at least one sample"
        case .notFinite(let value, let sample):
            "value '\(value)' is not finite on sample \(sample); are there NaNs among the weights?"
        case .runtime(let error): error.description
        }
    }
}
