import DeixisInput

/// What can be read off a cell of an object, as a class: 0 is background, 1... the property's values in their order.
public enum CellProperty: Int, CaseIterable, Sendable {
    case color, shape, size, pattern

    public var name: String { "\(self)" }

    /// Background included.
    var classes: Int {
        switch self {
        case .color: 1 + SceneColor.allCases.count
        case .shape: 1 + SceneShape.allCases.count
        case .size: 1 + SceneSize.allCases.count
        case .pattern: 1 + ScenePattern.allCases.count
        }
    }

    func label(of object: SceneObject) -> Int32 {
        let index: Int? =
            switch self {
            case .color: SceneColor.allCases.firstIndex(of: object.color)
            case .shape: SceneShape.allCases.firstIndex(of: object.shape)
            case .size: SceneSize.allCases.firstIndex(of: object.size)
            case .pattern: ScenePattern.allCases.firstIndex(of: object.pattern)
            }
        return Int32(1 + (index ?? -1))
    }
}

/// The cells of the visual encoder's stages over a letterboxed square: C3, then C4, then C5, each row by row.
struct CellGrid: Sendable {
    let letterbox: Letterbox
    /// Cells per side of C3, C4, C5, at strides 8, 16, 32.
    let sides: [Int]

    init(_ letterbox: Letterbox) {
        self.letterbox = letterbox
        sides = [8, 16, 32].map { letterbox.side / $0 }
    }

    var count: Int { sides.reduce(0) { $0 + $1 * $1 } }

    /// The cells of stage C(3 + index) among all.
    func range(ofStage index: Int) -> Range<Int> {
        let begin = sides[..<index].reduce(0) { $0 + $1 * $1 }
        return begin..<begin + sides[index] * sides[index]
    }

    /// For each cell the object that covers its center, hidden parts left out: the one in front; nil for background.
    ///
    /// - Parameters:
    ///   - width: of the picture that is letterboxed, whatever its scale.
    func objects(of scene: Scene, width: Int, height: Int) -> [Int?] {
        let place = letterbox.placement(width: width, height: height)
        let scaleX = Double(scene.width) / Double(place.width), scaleY = Double(scene.height) / Double(place.height)
        let contours = scene.objects.map { ShapeOutline.placed($0) }
        let bounds = scene.objects.map(\.bounds)
        return sides.flatMap { side in
            (0..<side * side).map { cell -> Int? in
                let stride = Double(letterbox.side) / Double(side)
                let x = ((Double(cell % side) + 0.5) * stride - Double(place.x)) * scaleX
                let y = ((Double(cell / side) + 0.5) * stride - Double(place.y)) * scaleY
                // A shape that the picture's edge cuts does not reach into the padding.
                guard x >= 0, y >= 0, x < Double(scene.width), y < Double(scene.height) else { return nil }
                return scene.objects.indices.last { index in
                    let b = bounds[index]
                    return x >= b.minX && x <= b.maxX && y >= b.minY && y <= b.maxY
                        && ShapeOutline.winds(contours[index], around: ShapeOutline.Point(x, y))
                }
            }
        }
    }

    /// [cells, properties]
    func labels(of scene: Scene, width: Int, height: Int) -> [Int32] {
        objects(of: scene, width: width, height: height).flatMap { index in
            CellProperty.allCases.map { property in index.map { property.label(of: scene.objects[$0]) } ?? 0 }
        }
    }
}

/// Pictures and what their cells show.
struct CellBatch: Sendable, Equatable {
    let count: Int
    /// [count, side, side, 3] letterboxed RGB.
    var images: [UInt8] = []
    /// [count, cells, properties]
    var labels: [Int32] = []
}

/// Batch number t of generated scenes, a pure function of source, seed and t.
struct CellBatchMaker: Sendable {
    let source: SceneSource
    let grid: CellGrid
    /// Of pixels alone: it must not move anything.
    let augmentation: Augmentation
    let batchSize: Int

    func batch(_ number: Int) -> CellBatch {
        var batch = CellBatch(count: batchSize)
        for index in number * batchSize..<(number + 1) * batchSize {
            let (sample, picture) = source.drawn(index)
            let square = GroundingSample(
                image: grid.letterbox.apply(to: picture), sentence: "", box: PixelBox(x: 0, y: 0, width: 1, height: 1))
            var random = CounterRandom(seed: source.seed ^ 0x4155_474D, stream: UInt64(index))
            batch.images += augmentation.apply(to: square, &random).image.pixels
            batch.labels += grid.labels(of: sample.scene, width: picture.width, height: picture.height)
        }
        return batch
    }
}
