@testable import DeixisGrounding
import DeixisInput
import Foundation
import Testing

@Suite struct AugmentationTests {
    /// A gray picture with a bright block exactly under the box.
    static func blockSample(_ box: PixelBox, width: Int = 120, height: Int = 100) -> GroundingSample {
        var image = RGBImage(width: width, height: height, color: RGB(60, 60, 60))
        for y in Int(box.y)..<Int(box.bottom) {
            for x in Int(box.x)..<Int(box.right) { image[x, y] = RGB(250, 250, 250) }
        }
        return GroundingSample(image: image, sentence: "the block on the left", box: box)
    }

    /// Bounds of the pixels brighter than 155, halfway from the gray to the block.
    static func brightBounds(_ image: RGBImage) -> PixelBox {
        var left = Int.max, right = 0, top = Int.max, bottom = 0
        for y in 0..<image.height {
            for x in 0..<image.width where image[x, y].red > 190 && image[x, y].blue > 190 {
                left = min(left, x)
                right = max(right, x + 1)
                top = min(top, y)
                bottom = max(bottom, y + 1)
            }
        }
        return PixelBox(x: Double(left), y: Double(top), width: Double(right - left), height: Double(bottom - top))
    }

    @Test func flipMovesPictureBoxAndWords() {
        let sample = Self.blockSample(PixelBox(x: 10, y: 20, width: 30, height: 15))
        let flipped = sample.flipped()
        #expect(flipped.box == PixelBox(x: 80, y: 20, width: 30, height: 15))
        #expect(Self.brightBounds(flipped.image) == flipped.box)
        #expect(flipped.sentence == "the block on the right")
        #expect(flipped.flipped() == sample)
    }

    @Test(arguments: [
        ("the leftmost cup, right of the plate", "the rightmost cup, left of the plate"),
        ("Left one", "Right one"), ("LEFT", "RIGHT"), ("an upright lamp", "an upright lamp"),
        ("the bright star", "the bright star"), ("left-hand side", "right-hand side"), ("lefthand", "righthand"),
        ("righteous", "righteous"), ("leftover food", "leftover food"), ("", ""),
        ("Ärger rechts, left", "Ärger rechts, right"),
    ])
    func wordsSwap(from: String, to: String) {
        #expect(GroundingSample.swappingSides(from) == to)
        #expect(GroundingSample.swappingSides(to) == from)
    }

    /// The mirrored sentence is true of the mirrored scene, and of the same object alone.
    @Test func flippedScenesStayTrue() throws {
        let generator = SceneGenerator(seed: 21)
        for index in 0..<1500 {
            let sample = generator.sample(UInt64(index))
            var mirrored = sample.scene
            for i in mirrored.objects.indices {
                mirrored.objects[i].centerX = Double(mirrored.width) - mirrored.objects[i].centerX
            }
            // Star tips and tilted squares are not symmetric; turning the other way mirrors the outline.
            for i in mirrored.objects.indices { mirrored.objects[i].rotation = -mirrored.objects[i].rotation }
            let sentence = GroundingSample.swappingSides(sample.sentence)
            let read = try #require(SentenceReader.read(sentence), "\(sentence)")
            #expect(ExpressionMeaning(mirrored).onlyReferent(of: read) == sample.target, "\(sentence)")
        }
    }

    /// The box is the bounds of the turned box: the block's bright pixels fill it from edge to edge.
    @Test func affineMovesBoxWithThePicture() {
        var amounts = AffineAmounts(degrees: 15, translation: 0.1, scale: 0.75...1.25, shear: 2)
        amounts.keep = 0.999
        let sample = Self.blockSample(PixelBox(x: 45, y: 38, width: 32, height: 22))
        var moved = 0
        for stream in 0..<60 {
            var random = CounterRandom(seed: 5, stream: UInt64(stream))
            let result = amounts.apply(to: sample, &random)
            if result.image == sample.image { continue }
            moved += 1
            let bright = Self.brightBounds(result.image)
            #expect(
                abs(bright.x - result.box.x) <= 1.6 && abs(bright.right - result.box.right) <= 1.6,
                "\(bright) \(result.box)")
            #expect(abs(bright.y - result.box.y) <= 1.6 && abs(bright.bottom - result.box.bottom) <= 1.6)
        }
        #expect(moved > 50)
    }

    @Test func affineNeverLosesTheBox() {
        let amounts = AffineAmounts(degrees: 45, translation: 0.6)
        let sample = Self.blockSample(PixelBox(x: 2, y: 2, width: 20, height: 10))
        for stream in 0..<200 {
            var random = CounterRandom(seed: 6, stream: UInt64(stream))
            let box = amounts.apply(to: sample, &random).box
            #expect(
                box.x >= 0 && box.y >= 0 && box.right <= 120 && box.bottom <= 100 && box.width >= 2 && box.height >= 2)
        }
    }

    @Test func identityMapChangesNothing() throws {
        let scene = SceneGenerator(seed: 3).sample(0).scene.render()
        let identity = AffineMap.about(
            centerX: 128, centerY: 128, degrees: 0, scale: 1, shearX: 0, shearY: 0, shiftX: 0, shiftY: 0)
        #expect(scene.mapped(by: identity) == scene)
        let turn = AffineMap.about(
            centerX: 50, centerY: 40, degrees: 30, scale: 1.2, shearX: 2, shearY: -1, shiftX: 3, shiftY: 4)
        let back = try #require(turn.inverse)
        let there = turn(17, 23), again = back(there.x, there.y)
        #expect(abs(again.x - 17) < 1e-9 && abs(again.y - 23) < 1e-9)
        // Clockwise on the screen, about the center.
        let quarter = AffineMap.about(
            centerX: 50, centerY: 40, degrees: 90, scale: 1, shearX: 0, shearY: 0, shiftX: 0, shiftY: 0)
        let point = quarter(60, 40)
        #expect(abs(point.x - 50) < 1e-9 && abs(point.y - 50) < 1e-9)
    }

    @Test func colorOnKnownValues() {
        let image = RGBImage(width: 2, height: 1, color: RGB(100, 150, 200))
        #expect(
            image.recolored(brightness: 1, contrast: 1, saturation: 1, turn: 0).pixels.map(Int.init).near([
                100, 150, 200, 100, 150, 200,
            ]))
        #expect(
            image.recolored(brightness: 0.5, contrast: 1, saturation: 1, turn: 0).pixels.map(Int.init).near([
                50, 75, 100, 50, 75, 100,
            ]))
        // Luma 0.299 * 100 + 0.587 * 150 + 0.114 * 200 = 140.75.
        #expect(
            image.recolored(brightness: 1, contrast: 1, saturation: 0, turn: 0).pixels.map(Int.init).near([
                141, 141, 141, 141, 141, 141,
            ]))
        #expect(
            image.recolored(brightness: 1, contrast: 0, saturation: 1, turn: 0).pixels.map(Int.init).near(
                [141, 141, 141, 141, 141, 141], 1))
        // A whole turn is no turn; a gray stays gray whatever the turn.
        #expect(
            image.recolored(brightness: 1, contrast: 1, saturation: 1, turn: 1).pixels.map(Int.init).near(
                [100, 150, 200, 100, 150, 200], 2))
        let gray = RGBImage(width: 1, height: 1, color: RGB(90, 90, 90))
        #expect(
            gray.recolored(brightness: 1, contrast: 1, saturation: 1.2, turn: 0.08).pixels.map(Int.init).near([
                90, 90, 90,
            ]))
        // Clamped, not wrapped.
        #expect(image.recolored(brightness: 3, contrast: 1, saturation: 1, turn: 0).pixels[2] == 255)
    }

    @Test func blurKeepsGrayAndSpreadsAPoint() {
        let gray = RGBImage(width: 9, height: 7, color: RGB(77, 8, 200))
        #expect(gray.blurred(deviation: 1.3) == gray)
        var point = RGBImage(width: 21, height: 21)
        point[10, 10] = RGB(255, 255, 255)
        let s = 1.2, blurred = point.blurred(deviation: s)
        let peak = 255 / (2 * Double.pi * s * s)
        for (dx, dy) in [(0, 0), (1, 0), (0, 2), (2, 1)] {
            let expected = peak * exp(-Double(dx * dx + dy * dy) / (2 * s * s))
            #expect(abs(Double(blurred[10 + dx, 10 + dy].red) - expected) < 1.6)
        }
        #expect(point.blurred(deviation: 0.1) == point)
    }

    @Test func isAFunctionOfItsSeed() {
        let sample = Self.blockSample(PixelBox(x: 45, y: 38, width: 32, height: 22))
        func run(_ seed: UInt64) -> GroundingSample {
            var random = CounterRandom(seed: seed, stream: 4)
            return Augmentation.paper.apply(to: sample, &random)
        }
        #expect(run(1) == run(1))
        #expect(run(1) != run(2))
        var random = CounterRandom(seed: 1, stream: 1)
        #expect(Augmentation.none.apply(to: sample, &random) == sample)
    }
}

extension [Int] {
    func near(_ other: [Int], _ tolerance: Int = 1) -> Bool {
        count == other.count && zip(self, other).allSatisfy { abs($0 - $1) <= tolerance }
    }
}
