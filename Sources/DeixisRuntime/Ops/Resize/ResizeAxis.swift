import DeixisGraph

/// Where the outputs of one resized axis come from: output i is the sum of `weights[k] X[sources[k]]` for k in
/// `ranges[i]`.
struct ResizeAxis {
    var sources: [Int] = []
    var weights: [Double] = []
    var ranges: [Range<Int>] = []

    enum Mode { case nearest, linear, cubic }
    enum Coordinates { case halfPixel, halfPixelSymmetric, pytorchHalfPixel, alignCorners, asymmetric, tfCropAndResize }
    enum Nearest { case preferFloor, preferCeil, floor, ceil }

    struct Rule {
        var mode = Mode.nearest
        var coordinates = Coordinates.halfPixel
        var nearest = Nearest.preferFloor
        var cubicA = -0.75
        var excludeOutside = false
        var antialias = false
        /// For tfCropAndResize: outputs that lie outside are this value, marked by an empty range.
        var extrapolates: Bool { coordinates == .tfCropAndResize }
    }

    /// - Parameter roi: the part of the input that is resized, as fractions; for tfCropAndResize only.
    init(_ rule: Rule, input: Int, output: Int, scale: Double, roi: (start: Double, end: Double)) {
        for i in 0..<output {
            let x =
                rule.mode == .nearest
                ? Double(
                    Self.coordinate(Float(i), rule, input, output, Float(scale), (Float(roi.start), Float(roi.end))))
                : Self.coordinate(Double(i), rule, input, output, scale, roi)
            let begin = sources.count
            if !rule.extrapolates || x >= 0 && x <= Double(input - 1) {
                rule.mode == .nearest ? addNearest(x, rule, input) : addKernel(x, rule, input, scale)
            }
            ranges.append(begin..<sources.count)
        }
    }

    /// What resizes `input` elements to `output`, where the file gives sizes.
    static func scale(_ output: Int, _ input: Int) -> Double { Double(output) / Double(input) }

    /// Most sources that all outputs of an axis have together.
    static func entries(_ rule: Rule, output: Int, scale: Double) -> Int {
        let taps = rule.mode == .nearest ? 1.0 : rule.mode == .linear ? 2.0 : 4.0
        return Int(clamping: Double(output) * (rule.antialias ? taps / min(scale, 1) + 2 : taps))
    }

    /// The resized length that aligned corners are measured by: scale times input, which need be no integer, and the
    /// output's extent where the two differ by the rounding of the scale alone.
    private static func length<T: BinaryFloatingPoint>(_ scale: T, _ input: Int, _ output: Int) -> T {
        let length = scale * T(input)
        return (length - T(output)).magnitude < 1e-5 * length ? T(output) : length
    }

    /// The input position of output `i`. For nearest in float32, operation by operation as onnxruntime has it: which
    /// pixel is nearest depends on how positions round, and models are made to give what it gives.
    @inline(never)
    private static func coordinate<T: BinaryFloatingPoint>(
        _ i: T, _ rule: Rule, _ input: Int, _ output: Int, _ scale: T, _ roi: (start: T, end: T)
    ) -> T {
        let last = T(input - 1)
        let length = length(scale, input, output)
        switch rule.coordinates {
        case .halfPixel: return (i + 0.5) / scale - 0.5
        case .halfPixelSymmetric:
            // The output's fractional extent may be a little more than `output`: centered.
            let adjusted = T(output) / (scale * T(input)), offset = T(input) / 2 * (1 - adjusted)
            return T(Double(offset) + (Double(i) + 0.5) / Double(scale) - 0.5)
        case .pytorchHalfPixel: return output > 1 ? (i + 0.5) / scale - 0.5 : 0
        case .alignCorners: return output > 1 ? i * last / (length - 1) : 0
        case .asymmetric: return i / scale
        case .tfCropAndResize:
            return output > 1
                ? roi.start * last + i * (roi.end - roi.start) * last / (length - 1)
                : 0.5 * (roi.start + roi.end) * last
        }
    }

    private mutating func addNearest(_ x: Double, _ rule: Rule, _ input: Int) {
        let rounded: Double, below = x.rounded(.down), isTie = (x - below - 0.5).magnitude < 1e-6
        switch rule.nearest {
        case .preferFloor: rounded = isTie ? below : (x - 0.5).rounded(.up)
        case .preferCeil: rounded = isTie ? below + 1 : (x + 0.5).rounded(.down)
        case .floor: rounded = below
        case .ceil: rounded = x.rounded(.up)
        }
        add(Int(max(0, min(rounded, Double(input - 1)))), 1)
    }

    /// Linear and cubic: taps around `x`, when antialiased stretched over 1 / scale inputs, scaled to a sum of 1;
    /// outside the input the border counts, or with `excludeOutside` nothing.
    private mutating func addKernel(_ x: Double, _ rule: Rule, _ input: Int, _ scale: Double) {
        let stretch = rule.antialias ? min(scale, 1) : 1
        let support = (rule.mode == .linear ? 1.0 : 2.0) / stretch
        let whole = x.rounded(.down)
        // Without stretching: floor(x) and its right neighbor, for cubic one more on each side.
        let first = rule.antialias ? (x - support).rounded(.down) + 1 : whole - (rule.mode == .linear ? 0 : 1)
        let last = rule.antialias ? (x + support).rounded(.up) - 1 : whole + (rule.mode == .linear ? 1 : 2)
        let begin = weights.count
        var at = first, total = 0.0
        while at <= last {
            let distance = ((at - x) * stretch).magnitude
            let weight = rule.mode == .linear ? max(0, 1 - distance) : cubic(distance, rule.cubicA)
            if !rule.excludeOutside || at >= 0 && at <= Double(input - 1) {
                total += weight
                add(Int(max(0, min(at, Double(input - 1)))), weight)
            }
            at += 1
        }
        if rule.antialias || rule.excludeOutside, total != 0 {
            for k in begin..<weights.count { weights[k] /= total }
        }
    }

    private mutating func add(_ source: Int, _ weight: Double) {
        if weight == 0 { return }
        sources.append(source)
        weights.append(weight)
    }
}

/// Keys' cubic convolution kernel.
private func cubic(_ d: Double, _ a: Double) -> Double {
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    if d < 2 { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a }
    return 0
}
