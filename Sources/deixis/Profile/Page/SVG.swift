/// A drawing as text, element after element. Lengths are in pixels of its own width.
struct SVG {
    let width: Double, height: Double
    private var body = ""

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// `tip`: what the pointer shows.
    mutating func rect(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, fill: String, rounded: Double = 0,
        tip: String? = nil
    ) {
        body += "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\" fill=\"\(fill)\""
        if rounded > 0 { body += " rx=\"\(n(rounded))\"" }
        close("rect", tip)
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String, tip: String? = nil) {
        body += "<line x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\" class=\"\(style)\""
        close("line", tip)
    }

    mutating func circle(_ x: Double, _ y: Double, _ radius: Double, fill: String, tip: String? = nil) {
        body +=
            "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\" fill=\"\(fill)\" fill-opacity=\".7\" stroke=\"\(fill)\""
        close("circle", tip)
    }

    enum Anchor: String { case start, middle, end }

    mutating func text(_ x: Double, _ y: Double, _ text: String, _ anchor: Anchor = .start, style: String = "") {
        body += "<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor)\" class=\"\(style)\">\(escaped(text))</text>"
    }

    var text: String {
        "<svg viewBox=\"0 0 \(n(width)) \(n(height))\" width=\"\(n(width))\" height=\"\(n(height))\" role=\"img\">\(body)</svg>"
    }

    private mutating func close(_ name: String, _ tip: String?) {
        body += tip.map { " data-t=\"\(escaped($0))\"/>" } ?? "/>"
    }

    /// Two decimals, no more than are needed.
    private func n(_ value: Double) -> String {
        var text = fixed(value, 2)
        while text.contains("."), text.last == "0" || text.last == "." {
            let point = text.removeLast() == "."
            if point { break }
        }
        return text
    }
}

/// Safe between tags and in quoted attributes.
func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "\n": result += "&#10;"
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

/// Multiples of 1, 2 or 5 times a power of ten in 0...limit, about `count` of them.
func roundSteps(to limit: Double, count: Int) -> [Double] {
    guard limit > 0, limit.isFinite else { return [0] }
    var step = 1e-9
    let factors = [2.0, 2.5, 2.0]
    var at = 0
    while limit / step > Double(count) {
        step *= factors[at % 3]
        at += 1
    }
    return (0...Int(limit / step)).map { Double($0) * step }
}

/// As few decimals as tell the number: `0.05`, `1.2`, `340`.
func short(_ value: Double) -> String {
    let digits = value >= 100 || value == value.rounded() ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
    var text = fixed(value, digits)
    while text.contains("."), text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
}
