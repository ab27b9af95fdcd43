import DeixisInput
import Testing

@testable import DeixisImage

private func ground(_ width: Int, _ height: Int) -> RGBImage {
    var image = RGBImage(width: width, height: height)
    for y in 0..<height {
        for x in 0..<width { image[x, y] = RGB(UInt8(60 + x * 120 / width), UInt8(110 + y * 100 / height), 150) }
    }
    return image
}

@Test(arguments: [(128, 128), (640, 480), (4000, 3000), (300, 900), (40, 30), (1, 1), (5000, 2)])
func annotationsFitAnyPicture(width: Int, height: Int) throws {
    let w = Double(width), h = Double(height)
    let boxes = [
        ("middle", PixelBox(x: w * 0.3, y: h * 0.35, width: w * 0.4, height: h * 0.4)),
        ("corner", PixelBox(x: w * 0.7, y: 0, width: w * 0.3, height: h * 0.2)),
        ("whole", PixelBox(x: 0, y: 0, width: w, height: h)),
        ("outside", PixelBox(x: -w, y: h * 2, width: w * 9, height: h)),
    ]
    let picture = ground(width, height)
    for (name, box) in boxes where name == "middle" || width < 3000 {
        let caption =
            name == "middle"
            ? "the small red mug on the left of the laptop, next to the green book that nobody has read yet" : "red mug"
        let image = picture.annotated(box, caption: caption)
        #expect(image.width == width && image.height == height)
        #expect(image != picture)
        try show(image, "annotated-\(width)x\(height)-\(name)")
    }
    _ = picture.annotated(PixelBox(x: .nan, y: 0, width: .infinity, height: 3), caption: "")
    _ = picture.annotated(PixelBox(x: 3, y: 4, width: -8, height: -2), caption: String(repeating: "W", count: 500))
}

/// The frame runs along the box's edges, and the box's inside stays as it was.
@Test func frameSurroundsTheBox() {
    let color = RGB(236, 28, 92)
    let picture = ground(480, 360)
    let image = picture.annotated(PixelBox(x: 100, y: 120, width: 200, height: 150), caption: "")
    for (x, y) in [(200, 120), (200, 269), (100, 200), (299, 200)] { #expect(image[x, y] == color) }
    #expect(image[200, 200] == picture[200, 200] && image[20, 20] == picture[20, 20])
}

@Test func labelIsAboveBelowOrInside() {
    let color = RGB(236, 28, 92)
    func rows(_ box: PixelBox) -> ClosedRange<Int> {
        let image = RGBImage(width: 400, height: 300).annotated(box, caption: "abc")
        // Rows in which the color runs wider than the frame's lines but narrower than its edges.
        let found = (0..<300).filter { y in
            let count = (0..<400).filter { image[$0, y].red > 200 && image[$0, y].blue > 60 && image[$0, y].green < 60 }
                .count
            return count > 10 && count < 60
        }
        return (found.min() ?? -1)...(found.max() ?? -1)
    }
    _ = color
    #expect(rows(PixelBox(x: 50, y: 100, width: 200, height: 100)).upperBound < 100)
    #expect(rows(PixelBox(x: 50, y: 2, width: 200, height: 100)).lowerBound > 100)
    let inside = rows(PixelBox(x: 50, y: 2, width: 200, height: 296))
    #expect(inside.lowerBound > 2 && inside.upperBound < 40)
}

@Test func captionsAreWrappedAndShortened() {
    func width(_ text: String) -> Double { Canvas.textWidth(text, scale: 1) }
    #expect(wrapped("", width: 100, scale: 1, lines: 3) == [])
    #expect(wrapped("  red   cup ", width: 100, scale: 1, lines: 3) == ["red cup"])
    let lines = wrapped("the small red cup on the left of the large green box", width: 80, scale: 1, lines: 3)
    #expect(lines.count == 3 && lines.allSatisfy { width($0) <= 80 } && lines[0].hasPrefix("the small"))
    #expect(lines[2].hasSuffix("..."))
    let long = wrapped(String(repeating: "x", count: 90), width: 60, scale: 1, lines: 2)
    #expect(long.count == 1 && long[0].hasSuffix("...") && width(long[0]) <= 60)
    #expect(wrapped("a b", width: 0, scale: 1, lines: 2).count <= 2)
}
