public import DeixisInput

extension Canvas {
    /// Height of one line of text, and of a capital, at `scale` pixels per font cell.
    public static func lineHeight(scale: Double) -> Double { Double(Font.lineHeight) * scale }
    public static func capHeight(scale: Double) -> Double { Double(Font.capHeight) * scale }

    /// How wide `text` will be, in pixels.
    public static func textWidth(_ text: String, scale: Double) -> Double {
        var cells = 0
        for scalar in text.unicodeScalars { cells += Font.glyph(scalar).width + 1 }
        return Double(max(cells - 1, 0)) * scale
    }

    /// As much of `text` as fits on one line of `width`, with an ellipsis where it is cut.
    public static func fitted(_ text: String, width: Double, scale: Double) -> String {
        wrapped(text, width: width, scale: scale, lines: 1).first ?? ""
    }

    /// One line of text; `at` is the top left corner of its capitals. Scale 1 is drawn cell by pixel, others as smooth
    /// strokes.
    public mutating func text(_ text: String, at: Point, scale: Double = 1, color: RGB, opacity: Double = 1) {
        guard at.x.isFinite, at.y.isFinite, scale.isFinite, scale > 0 else { return }
        var x = at.x
        for scalar in text.unicodeScalars {
            let glyph = Font.glyph(scalar)
            if scale == 1 {
                for cell in glyph.cells {
                    let left = x.rounded() + Double(cell.x), top = at.y.rounded() + Double(cell.y)
                    shade(PixelBox(x: left, y: top, width: 1, height: 1), color, opacity) { px, py in
                        px - left > 0 && px - left < 1 && py - top > 0 && py - top < 1 ? 1 : 0
                    }
                }
            } else {
                smooth(glyph, x, at.y, scale, color, opacity)
            }
            x += Double(glyph.width + 1) * scale
        }
    }

    private mutating func smooth(
        _ glyph: Font.Glyph, _ x: Double, _ y: Double, _ scale: Double, _ color: RGB, _ opacity: Double
    ) {
        let strokes = glyph.strokes.map {
            (
                Point(x + (Double($0.x0) + 0.5) * scale, y + (Double($0.y0) + 0.5) * scale),
                Point(x + (Double($0.x1) + 0.5) * scale, y + (Double($0.y1) + 0.5) * scale)
            )
        }
        guard !strokes.isEmpty else { return }
        let radius = scale * 0.5
        let bounds = PixelBox(x: x, y: y, width: Double(glyph.width) * scale, height: Double(Font.rows) * scale)
        shade(bounds, color, opacity) { px, py in
            var nearest = Double.infinity
            for (a, b) in strokes { nearest = min(nearest, distance(px, py, a, b)) }
            return radius - nearest + 0.5
        }
    }
}

/// Breaks `text` at spaces into lines of at most `width` pixels, at most `lines` of them; what does not fit ends in
/// "...".
func wrapped(_ text: String, width: Double, scale: Double, lines: Int) -> [String] {
    var result: [String] = []
    var current = ""
    func fits(_ line: String) -> Bool { Canvas.textWidth(line, scale: scale) <= width }
    var words = text.split(whereSeparator: \.isWhitespace).map(String.init)[...]
    while let word = words.popFirst() {
        let longer = current.isEmpty ? word : current + " " + word
        if fits(longer) {
            current = longer
        } else if current.isEmpty || result.count + 1 == lines {
            // A word wider than a line, or the last line is full.
            result.append(shortened(longer, fits))
            current = ""
            if result.count == lines { return result }
        } else {
            result.append(current)
            current = ""
            words = [word] + words
        }
    }
    if !current.isEmpty { result.append(current) }
    return result
}

private func shortened(_ line: String, _ fits: (String) -> Bool) -> String {
    var kept = Substring(line)
    while !kept.isEmpty, !fits(kept + "...") { kept.removeLast() }
    while kept.last == " " { kept.removeLast() }
    return kept + "..."
}
