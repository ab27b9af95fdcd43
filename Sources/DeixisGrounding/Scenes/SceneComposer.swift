/// Draws what is in a scene and where: properties from a palette, then places by rejection.
///
/// Visibility: overlapping pairs differ in color, each object takes part in one overlap at most, and the overlap is at
/// most half the smaller radius deep, so that at least three quarters of every object stay in sight.
struct SceneComposer {
    let settings: SceneSettings

    /// A scene of `count` objects, fewer if they found no room, or nil if fewer than `minimum` did.
    func compose(_ random: inout CounterRandom, count: Int, minimum: Int) -> Scene? {
        let size = settings.images[random.index(weights: settings.images.map(\.share))]
        var scene = Scene(
            width: size.width, height: size.height,
            background: Self.background(&random, side: Double(min(size.width, size.height))),
            objects: [])
        var colors = SceneColor.allCases, shapes = SceneShape.allCases
        if random.chance(settings.smallPalette) {
            random.shuffle(&colors)
            random.shuffle(&shapes)
            colors = Array(colors.prefix(2 + random.int(2)))
            shapes = Array(shapes.prefix(2 + random.int(2)))
        }
        let overlapping = random.chance(settings.overlapping)
        var overlapped: [Bool] = []
        for _ in 0..<count {
            var color = random.pick(colors), shape = random.pick(shapes)
            if !scene.objects.isEmpty, random.chance(settings.twins) {
                let earlier = random.pick(scene.objects)
                (color, shape) = (earlier.color, earlier.shape)
            }
            let object = Self.object(&random, color, shape, side: scene.shortSide)
            place(object, in: &scene, overlapping: overlapping, overlapped: &overlapped, &random)
        }
        return scene.objects.count >= minimum ? scene : nil
    }

    private static func object(
        _ random: inout CounterRandom, _ color: SceneColor, _ shape: SceneShape, side: Double
    ) -> SceneObject {
        let size = SceneSize.allCases[random.index(weights: [0.36, 0.30, 0.34])]
        let pattern = ScenePattern.allCases[random.index(weights: [0.56, 0.24, 0.20])]
        let hsv = color.hsv
        let fill = SceneTone.hsv(
            hsv.hue + random.double(-4, 4), hsv.saturation * random.double(0.85, 1.05).clamped(to: 0...1),
            (hsv.value * random.double(0.88, 1.04) + (color == .black ? random.double(0, 0.06) : 0)).clamped(to: 0...1))
        let accent =
            switch color {
            case .black: fill.mixed(SceneTone(red: 1, green: 1, blue: 1), 0.22)
            case .white: fill.mixed(SceneTone(red: 0, green: 0, blue: 0), 0.24)
            case .yellow: fill.mixed(SceneTone(red: 0, green: 0, blue: 0), 0.40)
            default:
                random.chance(0.5)
                    ? fill.mixed(SceneTone(red: 0, green: 0, blue: 0), 0.52)
                    : fill.mixed(SceneTone(red: 1, green: 1, blue: 1), 0.50)
            }
        let tilt: Double =
            switch shape {
            case .circle, .ring: 0
            case .star: 36
            case .triangle: 25
            case .heart: 20
            case .square, .cross, .diamond: 12
            }
        return SceneObject(
            shape: shape, color: color, pattern: pattern, size: size, centerX: 0, centerY: 0,
            radius: side * random.double(size.band.lowerBound, size.band.upperBound),
            rotation: random.double(-tilt, tilt),
            fill: fill, accent: accent, patternAngle: 45 * Double(random.int(4)) + random.double(-8, 8))
    }

    private func place(
        _ template: SceneObject, in scene: inout Scene, overlapping: Bool, overlapped: inout [Bool],
        _ random: inout CounterRandom
    ) {
        var object = template
        // One in ten may stick out of the picture, by a quarter of its radius at most.
        let margin = object.radius * (random.chance(0.1) ? 0.75 : 1.22)
        for _ in 0..<24 {
            object.centerX = random.double(margin, Double(scene.width) - margin)
            object.centerY = random.double(margin, Double(scene.height) - margin)
            var touched: [Int] = []
            var fits = true
            for (i, other) in scene.objects.enumerated() {
                let dx = object.centerX - other.centerX, dy = object.centerY - other.centerY
                let distance = (dx * dx + dy * dy).squareRoot()
                let together = object.radius + other.radius
                if distance >= 1.14 * together { continue }
                let deep = together - distance > 0.5 * min(object.radius, other.radius)
                if !overlapping || deep || object.color == other.color || overlapped[i] {
                    fits = false
                    break
                }
                touched.append(i)
            }
            guard fits, touched.count <= 1 else { continue }
            for i in touched { overlapped[i] = true }
            overlapped.append(!touched.isEmpty)
            scene.objects.append(object)
            return
        }
    }

    private static func background(_ random: inout CounterRandom, side: Double) -> SceneBackground {
        func tone(_ random: inout CounterRandom) -> SceneTone {
            .hsv(random.double(0, 360), random.double(0, 0.25), random.double(0.42, 0.66))
        }
        let base = tone(&random)
        // The second tone of a texture stays near the first; that of a gradient need not.
        func neighbor(_ random: inout CounterRandom) -> SceneTone {
            base.mixed(tone(&random), random.double(0.35, 0.8))
        }
        switch random.int(5) {
        case 0: return .plain(base)
        case 1: return .gradient(base, tone(&random), angle: random.double(0, 360))
        case 2:
            return .noise(base, cell: random.double(2.5, 6), amplitude: random.double(0.03, 0.10), seed: random.next())
        case 3: return .checker(base, neighbor(&random), cell: side * random.double(0.06, 0.16))
        default: return .blobs(base, tone(&random), cell: side * random.double(0.10, 0.30), seed: random.next())
        }
    }
}

extension Double {
    func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
