import DeixisGraph

/// The sliding window of convolutions and poolings over the spatial axes of X [batch, channels, spatial...].
///
/// output = floor((input + padBegin + padEnd - dilation (kernel - 1) - 1) / stride) + 1, ceil with `ceil_mode`;
/// `auto_pad` SAME_*: output = ceil(input / stride), the odd element of padding at the end (UPPER) or the beginning
/// (LOWER).
struct Window: Equatable {
    var input: [Int]
    var output: [Int]
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    var padBegin: [Int]
    var padEnd: [Int]

    /// Reads `kernel_shape`, `strides`, `dilations`, `pads`, `auto_pad`, `ceil_mode`. `kernel`: what the weight says,
    /// nil for pooling.
    init(_ call: OperatorCall, kernel given: [Int]?) throws(RuntimeError) {
        let x = try call.input(0)
        guard x.rank >= 3 else { throw call.invalid("input \(x.shape) has no spatial axis") }
        let axes = x.rank - 2
        input = Array(x.shape.dropFirst(2))
        guard let kernel = try call.ints("kernel_shape") ?? given else {
            throw call.invalid("attribute 'kernel_shape' is missing")
        }
        if let given, given != kernel {
            throw call.invalid("kernel_shape \(kernel) is not the weight's \(given)")
        }
        self.kernel = kernel
        let ones = [Int](repeating: 1, count: axes), none = [Int](repeating: 0, count: axes * 2)
        strides = try call.ints("strides") ?? ones
        dilations = try call.ints("dilations") ?? ones
        let pads = try call.ints("pads") ?? none
        let limit = 1 << 30
        guard kernel.count == axes, strides.count == axes, dilations.count == axes, pads.count == 2 * axes,
            (kernel + strides + dilations).allSatisfy({ $0 >= 1 && $0 < limit }),
            pads.allSatisfy({ $0 >= 0 && $0 < limit })
        else { throw call.invalid("kernel_shape, strides, dilations and pads do not fit \(axes) spatial axes") }
        padBegin = Array(pads[..<axes])
        padEnd = Array(pads[axes...])
        output = []
        let auto = try call.string("auto_pad", default: "NOTSET")
        let ceilMode = try call.int("ceil_mode", default: 0) != 0
        for i in 0..<axes {
            let reach = dilations[i] * (kernel[i] - 1) + 1
            if auto == "SAME_UPPER" || auto == "SAME_LOWER" {
                let extent = (input[i] + strides[i] - 1) / strides[i]
                let total = max((extent - 1) * strides[i] + reach - input[i], 0)
                padBegin[i] = auto == "SAME_LOWER" ? (total + 1) / 2 : total / 2
                padEnd[i] = total - padBegin[i]
                output.append(max(extent, 0))
                continue
            }
            if auto == "VALID" {
                padBegin[i] = 0; padEnd[i] = 0
            } else if auto != "NOTSET" {
                throw call.invalid("auto_pad '\(auto)' is unknown")
            }
            let room = input[i] + padBegin[i] + padEnd[i] - reach
            guard room >= 0 else {
                throw call.invalid("a window of \(reach) does not fit into axis \(i) of extent \(input[i])")
            }
            var extent = room / strides[i] + 1
            if ceilMode, room % strides[i] != 0, extent * strides[i] < input[i] + padBegin[i] {
                // The last window must begin inside the input or its front padding.
                extent += 1
            }
            output.append(extent)
        }
    }

    /// The same window with leading spatial axes of extent 1, `axes` in all.
    /// Along `axis`, the window of output `index`: where its first tap lies, which taps lie inside the input, and how
    /// many lie inside it or its padding.
    @inline(__always)
    func taps(_ axis: Int, _ index: Int) -> (start: Int, inside: Range<Int>, padded: Int) {
        let start = index * strides[axis] - padBegin[axis], step = dilations[axis], count = kernel[axis]
        /// How many taps lie before `end`.
        func before(_ end: Int) -> Int { end <= start ? 0 : min((end - start - 1) / step + 1, count) }
        let first = before(0), last = before(input[axis])
        return (start, first..<max(first, last), before(input[axis] + padEnd[axis]))
    }

    /// Taps inside the input are what a pooling's time goes into.
    func checkPooling(_ call: OperatorCall, _ batch: Int, _ channels: Int) throws(RuntimeError) {
        try call.checkWork([batch, channels] + output + zip(kernel, input).map { max(min($0, $1), 1) })
    }

    func padded(to axes: Int) -> Window {
        var result = self
        let missing = max(axes - input.count, 0)
        let ones = [Int](repeating: 1, count: missing), zeros = [Int](repeating: 0, count: missing)
        result.input = ones + input
        result.output = ones + output
        result.kernel = ones + kernel
        result.strides = ones + strides
        result.dilations = ones + dilations
        result.padBegin = zeros + padBegin
        result.padEnd = zeros + padEnd
        return result
    }
}
