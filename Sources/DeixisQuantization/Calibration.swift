internal import DeixisGraph
public import DeixisRuntime

/// What the values of a graph look like on real inputs: a histogram each, and the mean of each channel where products read.
struct Calibration {
    private(set) var histograms: [Histogram]
    /// Sums over samples and positions, by channel; empty where nobody asked.
    private var channelSums: [[Double]]
    private var channelCounts: [Int]
    private(set) var sampleCount = 0
    private let values: [ValueID]
    /// Axis of the channels; nil: not wanted; -1: the last.
    private let channelAxis: [ValueID: Int]
    private let session: Session
    private let firstExtra: Int

    /// Watches `values` of `graph`.
    init(_ graph: Graph, watching values: [ValueID], channelAxis: [ValueID: Int], options: SessionOptions) throws(QuantizationError) {
        self.values = values
        self.channelAxis = channelAxis
        histograms = Array(repeating: Histogram(), count: values.count)
        channelSums = Array(repeating: [], count: values.count)
        channelCounts = Array(repeating: 0, count: values.count)
        var watched = graph
        firstExtra = graph.outputs.count
        watched.outputs += values
        do throws(RuntimeError) { session = try Session(try Model(graph: watched), options: options) } catch { throw .runtime(error) }
    }

    mutating func observe(_ inputs: [(name: Name, tensor: Constant)]) throws(QuantizationError) {
        let outputs: [(name: Name, tensor: Constant)]
        do throws(RuntimeError) { outputs = try session.run(inputs) } catch { throw .runtime(error) }
        for (i, id) in values.enumerated() {
            let tensor = outputs[firstExtra + i].tensor
            guard tensor.type == .float32 else { continue }
            // A copy of the session's, at an address of its own.
            let floats = tensor.bytes.bindMemory(to: Float.self)
            guard histograms[i].add(floats) else {
                throw .notFinite(value: outputs[firstExtra + i].name.description, sample: sampleCount)
            }
            if let axis = channelAxis[id] { addChannels(i, floats, tensor.shape, axis < 0 ? tensor.shape.count - 1 : axis) }
        }
        withExtendedLifetime(outputs) {}
        sampleCount += 1
    }

    private mutating func addChannels(_ i: Int, _ x: UnsafeBufferPointer<Float>, _ shape: [Int], _ axis: Int) {
        guard shape.indices.contains(axis) else { return }
        let channels = shape[axis], inner = shape[(axis + 1)...].reduce(1, *)
        if channelSums[i].isEmpty { channelSums[i] = Array(repeating: 0, count: channels) }
        guard channelSums[i].count == channels, channels > 0, inner > 0 else { return }
        channelSums[i].withUnsafeMutableBufferPointer { sums in
            for start in stride(from: 0, to: x.count, by: inner) {
                var sum = 0.0
                for k in start..<start + inner { sum += Double(x[k]) }
                sums[start / inner % channels] += sum
            }
        }
        channelCounts[i] += x.count / channels
    }

    func histogram(of id: ValueID) -> Histogram? { values.firstIndex(of: id).map { histograms[$0] } }

    func channelMeans(of id: ValueID) -> [Double]? {
        guard let i = values.firstIndex(of: id), channelCounts[i] > 0 else { return nil }
        return channelSums[i].map { $0 / Double(channelCounts[i]) }
    }
}
