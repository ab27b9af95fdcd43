internal import DeixisGraph
internal import DeixisRuntime

/// What one channel of a value looked like: over samples and positions.
struct ChannelStatistics {
    var sum = 0.0, squares = 0.0
    var nonzeros = 0
    /// Of what was seen, and 0.
    var least: Float = 0, greatest: Float = 0
    var magnitude: Float { max(-least, greatest) }
}

/// What the values of a graph look like on real inputs: a histogram each, and statistics of each channel where products
/// read.
struct Calibration {
    private(set) var histograms: [Histogram]
    /// By channel; empty where nobody asked.
    private var channels: [[ChannelStatistics]]
    private var channelCounts: [Int]
    private(set) var sampleCount = 0
    private let values: [ValueID]
    /// Axis of the channels; nil: not wanted; -1: the last.
    private let channelAxis: [ValueID: Int]
    private let session: Session
    private let firstExtra: Int

    /// Watches `values` of `graph`.
    init(_ graph: Graph, watching values: [ValueID], channelAxis: [ValueID: Int], options: SessionOptions)
        throws(QuantizationError)
    {
        self.values = values
        self.channelAxis = channelAxis
        histograms = Array(repeating: Histogram(), count: values.count)
        channels = Array(repeating: [], count: values.count)
        channelCounts = Array(repeating: 0, count: values.count)
        var watched = graph
        firstExtra = graph.outputs.count
        watched.outputs += values
        do throws(RuntimeError) { session = try Session(try Model(graph: watched), options: options) } catch {
            throw .runtime(error)
        }
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
            if let axis = channelAxis[id] {
                addChannels(i, floats, tensor.shape, axis < 0 ? tensor.shape.count - 1 : axis)
            }
        }
        withExtendedLifetime(outputs) {}
        sampleCount += 1
    }

    private mutating func addChannels(_ i: Int, _ x: UnsafeBufferPointer<Float>, _ shape: [Int], _ axis: Int) {
        guard shape.indices.contains(axis) else { return }
        let count = shape[axis], inner = shape[(axis + 1)...].reduce(1, *)
        if channels[i].isEmpty { channels[i] = Array(repeating: ChannelStatistics(), count: count) }
        guard channels[i].count == count, count > 0, inner > 0 else { return }
        channels[i].withUnsafeMutableBufferPointer { channels in
            for start in stride(from: 0, to: x.count, by: inner) {
                var sum = 0.0, squares = 0.0, nonzeros = 0, least: Float = 0, greatest: Float = 0
                for k in start..<start + inner {
                    let value = Double(x[k])
                    sum += value
                    squares += value * value
                    nonzeros += value == 0 ? 0 : 1
                    least = min(least, x[k])
                    greatest = max(greatest, x[k])
                }
                let at = start / inner % count
                channels[at].sum += sum
                channels[at].squares += squares
                channels[at].nonzeros += nonzeros
                channels[at].least = min(channels[at].least, least)
                channels[at].greatest = max(channels[at].greatest, greatest)
            }
        }
        channelCounts[i] += x.count / count
    }

    func histogram(of id: ValueID) -> Histogram? { values.firstIndex(of: id).map { histograms[$0] } }

    /// Per channel, and how many values each had.
    func channels(of id: ValueID) -> (statistics: [ChannelStatistics], count: Int)? {
        guard let i = values.firstIndex(of: id), channelCounts[i] > 0 else { return nil }
        return (channels[i], channelCounts[i])
    }

    func channelMeans(of id: ValueID) -> [Double]? {
        channels(of: id).map { known in known.statistics.map { $0.sum / Double(known.count) } }
    }
}
