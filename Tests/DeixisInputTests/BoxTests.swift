import DeixisInput
import Testing

@Test func overlapsOfKnownBoxes() {
    let a = PixelBox(x: 0, y: 0, width: 2, height: 2)
    let b = PixelBox(x: 1, y: 1, width: 2, height: 2)
    #expect(abs(a.intersectionOverUnion(b) - 1.0 / 7) < 1e-12)
    #expect(abs(a.generalizedIntersectionOverUnion(b) - (1.0 / 7 - 2.0 / 9)) < 1e-12)
    #expect(a.intersectionOverUnion(a) == 1)
    #expect(a.generalizedIntersectionOverUnion(a) == 1)
    let far = PixelBox(x: 8, y: 0, width: 2, height: 2)
    #expect(a.intersectionOverUnion(far) == 0)
    #expect(abs(a.generalizedIntersectionOverUnion(far) - (-12.0 / 20)) < 1e-12)
    let point = PixelBox(x: 1, y: 1, width: 0, height: 0)
    #expect(point.intersectionOverUnion(point) == 0)
    #expect(point.generalizedIntersectionOverUnion(point) == 0)
}

@Test(arguments: [(640, 480), (480, 640), (1, 1), (1, 5000), (4000, 3), (333, 512)])
func boxesSurviveTheLetterboxAndBack(width: Int, height: Int) throws {
    let letterbox = try Letterbox(side: 512)
    let w = Double(width), h = Double(height)
    let box = PixelBox(x: w * 0.1, y: h * 0.2, width: w * 0.3, height: h * 0.5)
    let there = letterbox.normalized(box, width: width, height: height)
    let back = letterbox.pixels(there, width: width, height: height)
    let tolerance = 2e-7 * Double(max(width, height)) + 1e-9
    #expect(abs(back.x - box.x) <= tolerance * 2 && abs(back.y - box.y) <= tolerance * 2)
    #expect(abs(back.width - box.width) <= tolerance * 2 && abs(back.height - box.height) <= tolerance * 2)
    let whole = letterbox.pixels(
        NormalizedBox(centerX: 0.5, centerY: 0.5, width: 3, height: 3), width: width, height: height)
    #expect(whole == PixelBox(x: 0, y: 0, width: w, height: h))
}

@Test func boxOfNaNIsEmpty() throws {
    let box = try Letterbox(side: 8).pixels(
        NormalizedBox(centerX: .nan, centerY: 0.5, width: 0.5, height: .nan), width: 10, height: 10)
    #expect(box.width == 0 && box.height == 0 && box.x == 0 && box.y == 0)
}
