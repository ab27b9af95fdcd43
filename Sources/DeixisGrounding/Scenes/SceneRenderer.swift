public import DeixisInput
import Foundation

extension Scene {
    /// Pixels with the long side at `longSide` (nil: the scene's own size). Edges are antialiased by exact area
    /// coverage.
    public func render(longSide: Int? = nil) -> RGBImage {
        let long = max(width, height)
        let scale = longSide.map { Double($0) / Double(long) } ?? 1
        let w = max(1, Int((Double(width) * scale).rounded())), h = max(1, Int((Double(height) * scale).rounded()))
        var canvas = SceneCanvas(width: w, height: h)
        canvas.paint(background, scale: scale)
        for object in objects { canvas.paint(object, scale: scale) }
        var image = RGBImage(width: w, height: h)
        image.pixels = canvas.pixels
        return image
    }
}

/// 8-bit RGB, painted back to front. Every surface is a mix of two tones by a weight t in 0...256.
struct SceneCanvas {
    let width: Int
    let height: Int
    var pixels: [UInt8]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        pixels = [UInt8](repeating: 0, count: width * height * 3)
    }

    mutating func paint(_ background: SceneBackground, scale: Double) {
        var row = [Int32](repeating: 0, count: width)
        switch background {
        case .plain(let tone):
            for y in 0..<height { fill(row: y, tone, tone, row) }
        case .gradient(let a, let b, let angle):
            let dx = cos(angle * .pi / 180), dy = sin(angle * .pi / 180)
            let reach = (abs(dx) * Double(width) + abs(dy) * Double(height)) / 2
            for y in 0..<height {
                let base = dy * (Double(y) + 0.5 - Double(height) / 2) - dx * Double(width) / 2
                for x in 0..<width { row[x] = Int32(128 + 127.9 * (base + dx * (Double(x) + 0.5)) / reach) }
                fill(row: y, a, b, row)
            }
        case .checker(let a, let b, let cell):
            let period = cell * scale
            let across = (0..<width).map { Self.wave((Double($0) + 0.5) / period, sharpness: period) }
            for y in 0..<height {
                let down = Self.wave((Double(y) + 0.5) / period, sharpness: period)
                for x in 0..<width { row[x] = Int32(128 + 128 * across[x] * down) }
                fill(row: y, a, b, row)
            }
        case .noise(let tone, let cell, let amplitude, let seed):
            let lattice = Lattice(seed: seed, cell: cell * scale, width: width, height: height)
            let light = tone.mixed(SceneTone(red: 1, green: 1, blue: 1), 2 * amplitude)
            let dark = tone.mixed(SceneTone(red: 0, green: 0, blue: 0), 2 * amplitude)
            for y in 0..<height {
                lattice.fill(&row, y: y)
                fill(row: y, dark, light, row)
            }
        case .blobs(let a, let b, let cell, let seed):
            let lattice = Lattice(seed: seed, cell: cell * scale, width: width, height: height)
            for y in 0..<height {
                lattice.fill(&row, y: y)
                // Smoothstep sharpens the clouds: 3t^2 - 2t^3.
                for x in 0..<width { row[x] = (row[x] * row[x] * (768 - 2 * row[x])) >> 16 }
                fill(row: y, a, b, row)
            }
        }
    }

    /// Square wave of period 2 in -1...1 with edges one pixel wide.
    private static func wave(_ phase: Double, sharpness: Double) -> Double {
        let t = phase - 2 * (phase / 2).rounded(.down)
        let distance = t < 1 ? min(t, 1 - t) : -min(t - 1, 2 - t)
        return (distance * sharpness * 2).clamped(to: -1...1)
    }

    private mutating func fill(row y: Int, _ a: SceneTone, _ b: SceneTone, _ weights: [Int32]) {
        let p = PackedTone(a), q = PackedTone(b)
        var at = y * width * 3
        for t in weights {
            pixels[at] = UInt8(truncatingIfNeeded: (p.red * (256 - t) + q.red * t) >> 16)
            pixels[at + 1] = UInt8(truncatingIfNeeded: (p.green * (256 - t) + q.green * t) >> 16)
            pixels[at + 2] = UInt8(truncatingIfNeeded: (p.blue * (256 - t) + q.blue * t) >> 16)
            at += 3
        }
    }

    mutating func paint(_ object: SceneObject, scale: Double) {
        guard let coverage = AreaCoverage(of: object, scale: scale, width: width, height: height) else { return }
        let p = PackedTone(object.fill), q = PackedTone(object.accent)
        let texture = ObjectTexture(object, scale: scale)
        for y in 0..<coverage.height {
            var at = ((coverage.y + y) * width + coverage.x) * 3
            for x in 0..<coverage.width {
                let alpha = coverage.weights[y * coverage.width + x]
                if alpha > 0 {
                    let t = texture.weight(Float(coverage.x + x) + 0.5, Float(coverage.y + y) + 0.5)
                    blend(at, (p.red * (256 - t) + q.red * t) >> 8, alpha)
                    blend(at + 1, (p.green * (256 - t) + q.green * t) >> 8, alpha)
                    blend(at + 2, (p.blue * (256 - t) + q.blue * t) >> 8, alpha)
                }
                at += 3
            }
        }
    }

    /// `value` is 8.8 fixed point, `alpha` in 0...256.
    private mutating func blend(_ at: Int, _ value: Int32, _ alpha: Int32) {
        pixels[at] = UInt8(truncatingIfNeeded: (Int32(pixels[at]) * (256 - alpha) + (value * alpha) >> 8) >> 8)
    }
}

/// A tone in 8.8 fixed point, rounding included.
private struct PackedTone {
    let red, green, blue: Int32
    init(_ tone: SceneTone) {
        func pack(_ v: Double) -> Int32 { Int32((v.clamped(to: 0...1) * 255 * 256).rounded()) }
        (red, green, blue) = (pack(tone.red), pack(tone.green), pack(tone.blue))
    }
}

/// Value noise: a random number at every lattice point, linear in between.
private struct Lattice {
    let step: Double
    let columns: Int
    let values: [Int32]

    init(seed: UInt64, cell: Double, width: Int, height: Int) {
        step = 1 / max(cell, 1)
        columns = Int(Double(width) * step) + 2
        let rows = Int(Double(height) * step) + 2
        // A stream per lattice row: the same clouds at every scale, whatever the rounding of the column count.
        var values: [Int32] = []
        values.reserveCapacity(columns * rows)
        for row in 0..<rows {
            var random = CounterRandom(seed: seed, stream: UInt64(row))
            for _ in 0..<columns { values.append(Int32(random.int(257))) }
        }
        self.values = values
    }

    func fill(_ row: inout [Int32], y: Int) {
        let v = (Double(y) + 0.5) * step
        let top = Int(v), fy = Int32((v - Double(top)) * 256)
        let line = (0..<columns).map {
            (values[top * columns + $0] * (256 - fy) + values[(top + 1) * columns + $0] * fy) >> 8
        }
        let increment = Int(step * 65536)
        var u = increment / 2
        for x in row.indices {
            let left = u >> 16, fx = Int32((u >> 8) & 255)
            row[x] = (line[left] * (256 - fx) + line[left + 1] * fx) >> 8
            u += increment
        }
    }
}

/// The share of the accent tone at a pixel, 0...256: stripes or a grid of dots that turn with the object.
private struct ObjectTexture {
    let pattern: ScenePattern
    let cosine, sine, x, y, period, sharpness: Float

    init(_ object: SceneObject, scale: Double) {
        pattern = object.pattern
        let angle = (object.rotation + object.patternAngle) * .pi / 180
        let size = max(0.52 * object.radius, 11)
        period = Float(size * scale)
        cosine = Float(cos(angle)) / period
        sine = Float(sin(angle)) / period
        x = Float(object.centerX * scale)
        y = Float(object.centerY * scale)
        sharpness = period
    }

    @inline(__always)
    func weight(_ px: Float, _ py: Float) -> Int32 {
        if pattern == .plain { return 0 }
        let u = (px - x) * cosine + (py - y) * sine + 0.25
        let fu = abs(u - u.rounded(.down) - 0.5)  // 0 in the middle of a period, 0.5 at its ends
        if pattern == .striped { return Self.soft((fu - 0.25) * sharpness) }
        let v = (py - y) * cosine - (px - x) * sine + 0.25
        let fv = abs(v - v.rounded(.down) - 0.5)
        return Self.soft((0.30 - (fu * fu + fv * fv).squareRoot()) * sharpness)
    }

    /// Signed distance in pixels -> coverage, one pixel wide.
    @inline(__always)
    private static func soft(_ distance: Float) -> Int32 { Int32(min(max(distance + 0.5, 0), 1) * 256) }
}
