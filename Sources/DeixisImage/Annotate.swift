public import DeixisInput

extension RGBImage {
    /// A copy with `box` framed and `caption` beside it. Line and text sizes follow the picture's; the label stays
    /// inside it.
    public func annotated(_ box: PixelBox, caption: String, color: RGB = RGB(236, 28, 92)) -> RGBImage {
        var canvas = Canvas(self)
        canvas.annotate(box, caption: caption, color: color)
        return canvas.image
    }
}

extension Canvas {
    /// Frames `box` and labels it with `caption`, wrapped to three lines at most and shortened if longer.
    public mutating func annotate(_ box: PixelBox, caption: String, color: RGB = RGB(236, 28, 92)) {
        let long = Double(max(width, height))
        let thickness = max(1.5, long / 240)
        let frame = box.clipped(width: width, height: height)
        // A dark rim keeps the frame visible on any ground.
        stroke(frame, width: thickness + max(1.5, thickness * 0.6), color: .black, opacity: 0.45, radius: thickness)
        stroke(frame, width: thickness, color: color, radius: thickness)
        label(frame, caption, thickness, color)
    }

    private mutating func label(_ frame: PixelBox, _ caption: String, _ thickness: Double, _ color: RGB) {
        let long = Double(max(width, height))
        let wanted = long / 340
        let scale = wanted < 1.25 ? 1 : (wanted * 2).rounded() / 2
        let padding = (scale * 3).rounded(), margin = (thickness / 2).rounded(.up)
        let room = Double(width) - 2 * (padding + margin)
        let lines = wrapped(caption, width: min(room, max(frame.width, Double(width) * 0.6)), scale: scale, lines: 3)
        guard !lines.isEmpty, room >= scale * 5 else { return }
        let textWidth = lines.map { Canvas.textWidth($0, scale: scale) }.max() ?? 0
        let size = (
            width: (textWidth + padding * 2).rounded(.up),
            height: Canvas.lineHeight(scale: scale) * Double(lines.count - 1) + Canvas.capHeight(scale: scale) + padding
                * 2 + scale
        )
        let x = min(max((frame.x - thickness / 2).rounded(), 0), max(Double(width) - size.width, 0))
        let gap = (thickness * 0.5).rounded()
        var y = frame.y - size.height - gap
        if y < 0 { y = frame.bottom + gap }
        if y + size.height > Double(height) { y = min(max(frame.y + gap, 0), max(Double(height) - size.height, 0)) }
        y = y.rounded()
        fill(
            PixelBox(x: x, y: y, width: size.width, height: size.height), color: color, opacity: 0.92,
            radius: scale * 1.5)
        for (i, line) in lines.enumerated() {
            let top = y + padding + Double(i) * Canvas.lineHeight(scale: scale)
            text(line, at: Point(x + padding, top), scale: scale, color: .white)
        }
    }
}
