/// Nanoseconds of the way from file to plan, phase by phase.
public struct LoadTimes: Sendable {
    /// Mapping the file and walking the ONNX message. Weights are not touched.
    public var read: UInt64 = 0
    /// Operators known, everything made before it is used.
    public var check: UInt64 = 0
    /// Passes that need no shapes.
    public var portable: UInt64 = 0
    /// Of the latest plan: shapes settled and constants folded; passes at concrete shapes; weights brought into the
    /// kernels' order; and kernels chosen, memory laid out.
    public var specialize: UInt64 = 0
    public var target: UInt64 = 0
    public var pack: UInt64 = 0
    public var plan: UInt64 = 0

    public init() {}
}
