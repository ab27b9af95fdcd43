import DeixisImage
import DeixisInput

/// The picture once for the sentence and once for each word, darkened where it was not looked at.
struct AttentionPicture {
    let maps: AttentionMaps
    let picture: RGBImage
    let box: PixelBox
    let sentence: String

    /// Long side of a panel; its caption's height.
    private static let side = 288, caption = 30, gap = 8
    private static let warm = RGB(255, 96, 0)

    func drawn() -> RGBImage {
        let small = picture.scaled(toLongSide: Self.side)
        let across = min(maps.words.count, max(1, min(4, 1200 / (small.width + Self.gap))))
        let down = (maps.words.count + across - 1) / across
        let step = (x: small.width + Self.gap, y: small.height + Self.caption + Self.gap)
        var canvas = Canvas(
            width: across * step.x + Self.gap, height: down * step.y + Self.gap, color: RGB(246, 247, 249))
        for (index, word) in maps.words.enumerated() {
            let (x, y) = (Self.gap + index % across * step.x, Self.gap + index / across * step.y)
            var panel = Canvas(lit(small, word.shares))
            // Each side was rounded on its own.
            let sx = Double(small.width) / Double(picture.width), sy = Double(small.height) / Double(picture.height)
            if word.text == nil {
                let frame = PixelBox(x: box.x * sx, y: box.y * sy, width: box.width * sx, height: box.height * sy)
                panel.stroke(frame, width: 2, color: RGB(236, 28, 92), radius: 2)
            }
            canvas.draw(panel.image, x: x, y: y)
            let most = Int(((word.shares.max() ?? 0) * 100).rounded())
            let text = (word.text.map { "\"\($0)\"" } ?? "sentence: \(sentence)") + "  most: \(most)%"
            canvas.text(
                Canvas.fitted(text, width: Double(small.width), scale: 1.5),
                at: Point(Double(x), Double(y + small.height + 8)), scale: 1.5, color: RGB(34, 38, 46))
        }
        return canvas.image
    }

    /// The picture where a word looked: full light and a warm tint at the most-looked-at cell, half of it where
    /// nothing was seen.
    private func lit(_ image: RGBImage, _ shares: [Float]) -> RGBImage {
        let place = maps.letterbox.placement(width: picture.width, height: picture.height)
        let most = max(Double(shares.max() ?? 0), 1e-12), cell = Double(maps.letterbox.side) / Double(maps.side)
        /// Between the centers of cells, bilinear; beyond the outermost ones, constant.
        func share(_ x: Double, _ y: Double) -> Double {
            let top = Double(maps.side - 1)
            let u = min(max(x / cell - 0.5, 0), top), v = min(max(y / cell - 0.5, 0), top)
            let (i, j) = (min(Int(u), max(maps.side - 2, 0)), min(Int(v), max(maps.side - 2, 0)))
            let (a, b) = (u - Double(i), v - Double(j))
            func at(_ i: Int, _ j: Int) -> Double {
                Double(shares[min(j, maps.side - 1) * maps.side + min(i, maps.side - 1)])
            }
            return (at(i, j) * (1 - a) + at(i + 1, j) * a) * (1 - b) + (at(i, j + 1) * (1 - a) + at(i + 1, j + 1) * a)
                * b
        }
        var result = image
        for y in 0..<image.height {
            for x in 0..<image.width {
                let px = (Double(x) + 0.5) * Double(place.width) / Double(image.width) + Double(place.x)
                let py = (Double(y) + 0.5) * Double(place.height) / Double(image.height) + Double(place.y)
                let heat = min(share(px, py) / most, 1), light = 0.5 + 0.5 * heat, tint = 0.4 * heat
                for (c, warm) in [Self.warm.red, Self.warm.green, Self.warm.blue].enumerated() {
                    let index = (y * image.width + x) * 3 + c
                    let value = Double(image.pixels[index]) * light * (1 - tint) + Double(warm) * tint
                    result.pixels[index] = UInt8(min(max(value, 0), 255))
                }
            }
        }
        return result
    }
}
