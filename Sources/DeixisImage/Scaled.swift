public import DeixisInput

extension RGBImage {
    /// The picture with its long side at `side` pixels (1 to 16384; else as it is), by the letterbox's resizing.
    public func scaled(toLongSide side: Int) -> RGBImage {
        guard let letterbox = try? Letterbox(side: side, isCentered: false) else { return self }
        let place = letterbox.placement(width: width, height: height), square = letterbox.apply(to: self).pixels
        var result = RGBImage(width: place.width, height: place.height, color: .white)
        for y in 0..<place.height {
            let row = y * side * 3
            result.pixels.replaceSubrange(
                y * place.width * 3..<(y + 1) * place.width * 3, with: square[row..<row + place.width * 3])
        }
        return result
    }
}

extension Canvas {
    /// Lays a picture over this one, its top left corner at whole pixels; what lies outside is not drawn.
    public mutating func draw(_ picture: RGBImage, x left: Int, y top: Int) {
        for y in max(0, -top)..<max(max(0, -top), min(picture.height, height - top)) {
            for x in max(0, -left)..<max(max(0, -left), min(picture.width, width - left)) {
                let (from, to) = ((y * picture.width + x) * 3, ((y + top) * width + x + left) * 3)
                for c in 0..<3 { image.pixels[to + c] = picture.pixels[from + c] }
            }
        }
    }
}
