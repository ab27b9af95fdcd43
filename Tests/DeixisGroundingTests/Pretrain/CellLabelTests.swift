@testable import DeixisGrounding
import DeixisInput
import Testing

@Suite struct CellLabelTests {
    static func object(
        _ shape: SceneShape, _ color: SceneColor, _ x: Double, _ y: Double, _ radius: Double, size: SceneSize = .large,
        pattern: ScenePattern = .plain
    ) -> SceneObject {
        let tone = SceneTone.hsv(color.hsv.hue, color.hsv.saturation, color.hsv.value)
        return SceneObject(
            shape: shape, color: color, pattern: pattern, size: size, centerX: x, centerY: y, radius: radius,
            rotation: 0, fill: tone,
            accent: tone, patternAngle: 0)
    }

    /// 320 x 240 letterboxed to 64: a fifth, 8 rows of padding above and below.
    static let scene = Scene(
        width: 320, height: 240, background: .plain(SceneTone(red: 0.5, green: 0.5, blue: 0.5)),
        objects: [
            object(.square, .red, 160, 120, 60),  // spans 108...212 by 68...172
            object(.circle, .blue, 180, 140, 20, size: .small, pattern: .dotted),  // in front, at (36, 36) of the square
            object(.ring, .white, 20, 20, 32),  // its hole around (4, 12); cut by the picture's corner
        ])

    /// Objects by cell; . is background.
    static func rows(_ objects: [Int?], _ range: Range<Int>, side: Int) -> [String] {
        objects[range].map { $0.map(String.init) ?? "." }.chunked(side).map { $0.joined() }
    }

    @Test func theFrontObjectOwnsTheCell() throws {
        let grid = CellGrid(try Letterbox(side: 64))
        #expect(grid.sides == [8, 4, 2] && grid.count == 84)
        let objects = grid.objects(of: Self.scene, width: 320, height: 240)
        #expect(
            Self.rows(objects, grid.range(ofStage: 0), side: 8) == [
                "........", "........", "........", "...00...", "...01...", "........", "........", "........",
            ])
        #expect(Self.rows(objects, grid.range(ofStage: 1), side: 4) == ["2...", ".00.", ".00.", "...."])
        #expect(Self.rows(objects, grid.range(ofStage: 2), side: 2) == ["..", ".."])
        // The same from a picture drawn small.
        #expect(grid.objects(of: Self.scene, width: 64, height: 48) == objects)
        // Properties of the blue circle, at row 4, column 4 of C3: 0 is background.
        let labels = grid.labels(of: Self.scene, width: 320, height: 240)
        #expect(Array(labels[36 * 4..<37 * 4]) == [5, 1, 1, 3])
        #expect(Array(labels[35 * 4..<36 * 4]) == [1, 2, 3, 1])
        #expect(Array(labels[0..<4]) == [0, 0, 0, 0])
    }

    @Test func holesAndPaddingAreBackground() throws {
        let grid = CellGrid(try Letterbox(side: 128))
        let objects = grid.objects(of: Self.scene, width: 320, height: 240)
        // Scale 0.4, padding 16: the ring's center at (8, 24), radii 7.9 and 13.4; cells of C3 are centered at 4, 12,
        // 20, 28...
        let top = Self.rows(objects, grid.range(ofStage: 0), side: 16).prefix(5).map { $0.prefix(4) }
        #expect(top == ["....", "....", "..2.", "..2.", "22.."])
    }

    /// The picture agrees: at cells of plain objects, the letterboxed pixels have the object's own color.
    @Test(arguments: [nil, 128] as [Int?]) func labelsLieWhereThePixelsAre(longSide: Int?) throws {
        let grid = CellGrid(try Letterbox(side: 128))
        let source = SceneSource(seed: 77, longSide: longSide)
        var cells = 0, agreeing = 0
        for index in 1..<40 {
            let (sample, picture) = source.drawn(index)
            let square = grid.letterbox.apply(to: picture)
            let objects = grid.objects(of: sample.scene, width: picture.width, height: picture.height)
            for cell in 0..<256 {
                guard let number = objects[cell], sample.scene.objects[number].pattern == .plain else { continue }
                let fill = sample.scene.objects[number].fill
                let at = ((cell / 16 * 8 + 4) * 128 + cell % 16 * 8 + 4) * 3
                let expected = [fill.red, fill.green, fill.blue].map { $0 * 255 }
                cells += 1
                if zip(expected, square.pixels[at..<at + 3]).allSatisfy({ abs($0 - Double($1)) < 24 }) { agreeing += 1 }
            }
        }
        // Edges of shapes are mixed with what lies beside them.
        #expect(cells > 300 && Double(agreeing) > 0.9 * Double(cells), "\(agreeing) of \(cells)")
    }
}

extension Array {
    fileprivate func chunked(_ size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<$0 + size]) }
    }
}
