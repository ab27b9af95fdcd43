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
