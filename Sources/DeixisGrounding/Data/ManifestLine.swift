package import DeixisInput
import Foundation

/// Why a line cannot be used; the caller adds file and line.
struct LineProblem: Error { let reason: String }

/// Reads one line of a manifest. Every message says what was expected and what was found.
package struct ManifestLine {
    let line: Int
    /// Boxes may stick out by this many pixels, for annotations rounded to integers.
    static let tolerance = 1.0

    /// The folder of the pictures, if the line is a header: an object with `images` and no `image`.
    static func header(_ text: some Sequence<UInt8>) throws(LineProblem) -> String? {
        guard case .object(let fields)? = JSONText.parse(text), let value = fields["images"], fields["image"] == nil
        else { return nil }
        guard case .string(let root) = value, !root.isEmpty else {
            throw LineProblem(reason: "'images' must be the path of a folder, got \(value.label)")
        }
        return root
    }

    mutating func read(_ text: some Sequence<UInt8>, sizes: inout ImageSizes) throws(LineProblem) -> DatasetEntry {
        guard let json = JSONText.parse(text) else { throw LineProblem(reason: "not JSON") }
        guard case .object(let fields) = json else {
            throw LineProblem(reason: "expected an object {\"image\", \"sentence\", \"box\"}, got \(json.label)")
        }
        let image = try string("image", fields)
        if image.isEmpty { throw LineProblem(reason: "'image' is empty") }
        if image.hasPrefix("/") || image.split(separator: "/").contains("..") {
            throw LineProblem(reason: "'image' must be a path inside the directory, got '\(image)'")
        }
        let sentence = try string("sentence", fields)
        if sentence.allSatisfy(\.isWhitespace) { throw LineProblem(reason: "'sentence' is empty") }
        if !Tokenizer.hasWords(sentence) {
            throw LineProblem(reason: "'sentence' has no words, only characters that nobody sees")
        }
        let box = try box(fields)
        let width = try size("width", fields), height = try size("height", fields)
        let measured = try sizes.size(of: image)
        if let width, width != measured.width { throw mismatch("width", width, image, measured) }
        if let height, height != measured.height { throw mismatch("height", height, image, measured) }
        try Self.check(box, inside: measured)
        return DatasetEntry(
            image: image, sentence: sentence, box: box, id: try label("id", fields), kind: try label("kind", fields),
            width: measured.width, height: measured.height, line: line)
    }

    /// Why `box` cannot be one of a picture of that size; nil if it can.
    package static func problem(of box: PixelBox, in size: (width: Int, height: Int)) -> String? {
        if !(box.width > 0 && box.height > 0) { return noArea(box) }
        do throws(LineProblem) {
            try check(box, inside: size)
            return nil
        } catch { return error.reason }
    }

    private static func noArea(_ box: PixelBox) -> String {
        "box \(text(box)) has no area: width and height must be positive"
    }

    static func check(_ box: PixelBox, inside size: (width: Int, height: Int)) throws(LineProblem) {
        let slack = tolerance
        let numbers = [box.x, box.y, box.width, box.height]
        if numbers.allSatisfy({ (0...1).contains($0) }), max(size.width, size.height) > 4 {
            let (w, h) = (Double(size.width), Double(size.height))
            let pixels = PixelBox(x: box.x * w, y: box.y * h, width: box.width * w, height: box.height * h)
            throw LineProblem(
                reason: "box \(text(box)) looks like fractions of the \(size.width)x\(size.height) image; "
                    + "in pixels they are \(text(pixels))")
        }
        if box.x < -slack || box.y < -slack || box.right > Double(size.width) + slack
            || box.bottom > Double(size.height) + slack
        {
            throw LineProblem(reason: "box \(text(box)) is outside the \(size.width)x\(size.height) image")
        }
        let clipped = box.clipped(width: size.width, height: size.height)
        if clipped.area <= 0 {
            throw LineProblem(reason: "box \(text(box)) is outside the \(size.width)x\(size.height) image")
        }
    }

    private static func text(_ box: PixelBox) -> String {
        "[" + [box.x, box.y, box.width, box.height].map { short($0) }.joined(separator: ", ") + "]"
    }

    package static func short(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }

    private func mismatch(
        _ name: String, _ value: Int, _ image: String, _ size: (width: Int, height: Int)
    ) -> LineProblem {
        LineProblem(reason: "'\(name)' is \(value), but '\(image)' is \(size.width)x\(size.height)")
    }

    private func string(_ name: String, _ fields: [String: JSONText]) throws(LineProblem) -> String {
        guard let value = fields[name] else { throw LineProblem(reason: "'\(name)' is missing") }
        guard case .string(let text) = value else {
            throw LineProblem(reason: "'\(name)' must be a string, got \(value.label)")
        }
        return text
    }

    private func box(_ fields: [String: JSONText]) throws(LineProblem) -> PixelBox {
        guard let value = fields["box"] else { throw LineProblem(reason: "'box' is missing") }
        let expected = "'box' must be [x, y, width, height] in pixels"
        guard case .array(let items) = value, items.count == 4 else {
            throw LineProblem(reason: "\(expected), got \(value.label)")
        }
        var numbers: [Double] = []
        for item in items {
            guard case .number(let number) = item, number.isFinite else {
                throw LineProblem(reason: "\(expected), got \(item.label) in it")
            }
            numbers.append(number)
        }
        let box = PixelBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
        if box.width <= 0 || box.height <= 0 {
            throw LineProblem(reason: Self.noArea(box))
        }
        return box
    }

    private func size(_ name: String, _ fields: [String: JSONText]) throws(LineProblem) -> Int? {
        guard let value = fields[name] else { return nil }
        guard case .number(let number) = value, number == number.rounded(), number >= 1, number <= 1e6 else {
            throw LineProblem(reason: "'\(name)' must be a positive whole number, got \(value.label)")
        }
        return Int(number)
    }

    private func label(_ name: String, _ fields: [String: JSONText]) throws(LineProblem) -> String? {
        switch fields[name] {
        case nil, .null: return nil
        case .string(let text): return text
        case .number(let number): return Self.short(number)
        case .some(let value): throw LineProblem(reason: "'\(name)' must be a string or a number, got \(value.label)")
        }
    }
}
