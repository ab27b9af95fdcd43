import DeixisInput
import Testing

@testable import DeixisImage

/// Ink laid down on white, in whole pixels.
private func ink(_ canvas: Canvas) -> Double {
    canvas.image.pixels.reduce(0.0) { $0 + Double(255 - $1) / 765 }
}

@Test func shapesCoverTheirAreas() {
    func drawn(_ draw: (inout Canvas) -> Void) -> Double {
        var canvas = Canvas(width: 100, height: 100)
        draw(&canvas)
        return ink(canvas)
    }
    #expect(abs(drawn { $0.fill(PixelBox(x: 10, y: 20, width: 30, height: 40), color: .black) } - 1200) < 0.5)
    #expect(abs(drawn { $0.fill(PixelBox(x: 10.5, y: 20, width: 30, height: 40), color: .black) } - 1200) < 1)
    #expect(abs(drawn { $0.disc(center: Point(50, 50), radius: 20, color: .black) } - 1256.6) < 6)
    #expect(
        abs(drawn { $0.line(from: Point(20, 20), to: Point(80, 80), width: 4, color: .black) } - (4 * 84.853 + 12.566))
            < 8)
    #expect(abs(drawn { $0.stroke(PixelBox(x: 20, y: 20, width: 50, height: 50), width: 2, color: .black) } - 400) < 4)
    #expect(abs(drawn { $0.polygon([Point(10, 10), Point(90, 10), Point(10, 90)], color: .black) } - 3200) < 20)
    #expect(
        abs(drawn { $0.fill(PixelBox(x: 0, y: 0, width: 50, height: 50), color: .black, opacity: 0.5) } - 1250) < 10)
}

@Test func nothingIsDrawnOutsideOrFromNonsense() {
    var canvas = Canvas(width: 20, height: 20)
    canvas.disc(center: Point(500, -500), radius: 30, color: .black)
    canvas.line(from: Point(.nan, 0), to: Point(5, 5), color: .black)
    canvas.line(from: Point(-1e18, 5), to: Point(-1e17, 1e18), width: 3, color: .black)
    canvas.fill(PixelBox(x: 3, y: 3, width: .infinity, height: 2), color: .black)
    canvas.polygon([Point(1, 1), Point(.infinity, 2), Point(3, 3)], color: .black)
    canvas.text("abc", at: Point(.nan, 2), color: .black)
    canvas.text("abc", at: Point(-900, 900), scale: 4, color: .black)
    #expect(ink(canvas) == 0)
    canvas.fill(PixelBox(x: -100, y: -100, width: 1000, height: 1000), color: .black)
    #expect(abs(ink(canvas) - 400) < 1e-9)
}

@Test func everyCharacterHasItsOwnShape() throws {
    var shapes: [String: Unicode.Scalar] = [:]
    for code in UInt32(33)...126 {
        let scalar = try #require(Unicode.Scalar(code))
        let glyph = Font.glyph(scalar)
        #expect(
            !glyph.cells.isEmpty && glyph.width <= 5
                && glyph.cells.allSatisfy { $0.x >= 0 && $0.x < glyph.width && $0.y < Font.rows })
        let shape = glyph.cells.map { "\($0.x),\($0.y)" }.joined(separator: " ")
        #expect(shapes[shape] == nil, "\(scalar) looks like \(shapes[shape].map(String.init) ?? "")")
        shapes[shape] = scalar
    }
    #expect(Font.glyph(" ").cells.isEmpty)
    #expect(Font.glyph("\u{2019}").cells.count == Font.glyph("'").cells.count)
    #expect(!Font.glyph("\u{4E2D}").cells.isEmpty)
}

@Test func textGrowsWithItsScale() throws {
    var page = Canvas(width: 900, height: 330)
    var y = 8.0
    for scale in [1, 1.5, 2, 3, 4.0] {
        page.text("The quick brown fox, jumps over (13) lazy dogs; #@&%!", at: Point(8, y), scale: scale, color: .black)
        y += Canvas.lineHeight(scale: scale) + 8
    }
    page.text(
        String((32...79).compactMap { Unicode.Scalar($0).map(Character.init) }), at: Point(8, y), scale: 2,
        color: .black)
    page.text(
        String((80...126).compactMap { Unicode.Scalar($0).map(Character.init) }), at: Point(8, y + 28), scale: 2,
        color: .black)
    try show(page.image, "text")
    func inked(_ scale: Double) -> Double {
        var canvas = Canvas(width: 600, height: 100)
        canvas.text("Hello", at: Point(5, 5), scale: scale, color: .black)
        return ink(canvas)
    }
    // Ink grows with the square of the scale, rounded strokes a little less.
    #expect(abs(inked(4) / inked(2) - 4) < 0.5)
    #expect(abs(inked(1) - Double("Hello".unicodeScalars.reduce(0) { $0 + Font.glyph($1).cells.count })) < 1e-6)
    #expect(Canvas.textWidth("ab", scale: 3) == 33)
}
