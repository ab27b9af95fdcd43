public import DeixisInput

/// A grid of scenes with the box drawn in and the sentence below, for people to look at.
public struct ContactSheet: Sendable {
    public var generator: SceneGenerator
    public var columns = 4

    public init(generator: SceneGenerator) { self.generator = generator }

    public func draw(count: Int) -> RGBImage {
        let cell = 330, text = 60
        let rows = (count + columns - 1) / columns
        var sheet = RGBImage(width: columns * cell + 10, height: rows * (cell + text) + 10, color: .white)
        for index in 0..<count {
            let sample = generator.sample(UInt64(index))
            let left = 10 + index % columns * cell, top = 10 + index / columns * (cell + text)
            let image = sample.scene.render()
            let y = top + (320 - image.height) / 2, x = left + (320 - image.width) / 2
            sheet.paste(image, x, y)
            let box = sample.box
            sheet.frame(
                x + Int(box.minX) - 2, y + Int(box.minY) - 2, x + Int(box.maxX.rounded(.up)) + 1,
                y + Int(box.maxY.rounded(.up)) + 1)
            sheet.write("\(index) \(sample.sentence)", left, top + 326, columns: 320 / 12, scale: 2)
        }
        return sheet
    }
}

extension RGBImage {
    fileprivate mutating func paste(_ image: RGBImage, _ x: Int, _ y: Int) {
        for row in 0..<image.height {
            let from = row * image.width * 3, to = ((y + row) * width + x) * 3
            pixels.replaceSubrange(to..<to + image.width * 3, with: image.pixels[from..<from + image.width * 3])
        }
    }

    fileprivate mutating func dot(_ x: Int, _ y: Int, _ color: RGB) {
        if x >= 0, x < width, y >= 0, y < height { self[x, y] = color }
    }

    /// Two pixels wide, white within black, so that it shows on anything.
    fileprivate mutating func frame(_ left: Int, _ top: Int, _ right: Int, _ bottom: Int) {
        for (inset, color) in [(0, RGB.black), (1, RGB(0, 255, 120))] {
            let (l, t, r, b) = (left - inset, top - inset, right + inset, bottom + inset)
            for x in l...r {
                dot(x, t, color)
                dot(x, b, color)
            }
            for y in t...b {
                dot(l, y, color)
                dot(r, y, color)
            }
        }
    }

    /// Capitals of 5x7 dots, wrapped between words after `columns` characters.
    fileprivate mutating func write(_ text: String, _ left: Int, _ top: Int, columns: Int, scale: Int) {
        var column = 0, line = 0
        for word in text.uppercased().split(separator: " ") {
            if column > 0, column + word.utf8.count > columns { (column, line) = (0, line + 1) }
            for letter in word.utf8 {
                let x = left + column * 6 * scale, y = top + line * 9 * scale
                for (row, bits) in (Self.glyphs[letter] ?? [31, 31, 31, 31, 31, 31, 31]).enumerated() {
                    for bit in 0..<5 where bits >> (4 - bit) & 1 == 1 {
                        for i in 0..<scale * scale {
                            dot(x + bit * scale + i % scale, y + row * scale + i / scale, .black)
                        }
                    }
                }
                column += 1
            }
            column += 1
        }
    }

    private static let glyphs: [UInt8: [UInt8]] = {
        let rows: [(Character, [UInt8])] = [
            ("A", [14, 17, 17, 31, 17, 17, 17]), ("B", [30, 17, 17, 30, 17, 17, 30]),
            ("C", [14, 17, 16, 16, 16, 17, 14]),
            ("D", [30, 17, 17, 17, 17, 17, 30]), ("E", [31, 16, 16, 30, 16, 16, 31]),
            ("F", [31, 16, 16, 30, 16, 16, 16]),
            ("G", [14, 17, 16, 23, 17, 17, 15]), ("H", [17, 17, 17, 31, 17, 17, 17]), ("I", [14, 4, 4, 4, 4, 4, 14]),
            ("J", [7, 2, 2, 2, 2, 18, 12]), ("K", [17, 18, 20, 24, 20, 18, 17]), ("L", [16, 16, 16, 16, 16, 16, 31]),
            ("M", [17, 27, 21, 21, 17, 17, 17]), ("N", [17, 25, 21, 19, 17, 17, 17]),
            ("O", [14, 17, 17, 17, 17, 17, 14]),
            ("P", [30, 17, 17, 30, 16, 16, 16]), ("Q", [14, 17, 17, 17, 21, 18, 13]),
            ("R", [30, 17, 17, 30, 20, 18, 17]),
            ("S", [15, 16, 16, 14, 1, 1, 30]), ("T", [31, 4, 4, 4, 4, 4, 4]), ("U", [17, 17, 17, 17, 17, 17, 14]),
            ("V", [17, 17, 17, 17, 17, 10, 4]), ("W", [17, 17, 17, 21, 21, 27, 17]),
            ("X", [17, 17, 10, 4, 10, 17, 17]),
            ("Y", [17, 17, 10, 4, 4, 4, 4]), ("Z", [31, 1, 2, 4, 8, 16, 31]), ("0", [14, 17, 19, 21, 25, 17, 14]),
            ("1", [4, 12, 4, 4, 4, 4, 14]), ("2", [14, 17, 1, 6, 8, 16, 31]), ("3", [30, 1, 1, 14, 1, 1, 30]),
            ("4", [2, 6, 10, 18, 31, 2, 2]), ("5", [31, 16, 30, 1, 1, 17, 14]), ("6", [14, 16, 30, 17, 17, 17, 14]),
            ("7", [31, 1, 2, 4, 8, 8, 8]), ("8", [14, 17, 17, 14, 17, 17, 14]), ("9", [14, 17, 17, 15, 1, 1, 14]),
        ]
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.0.asciiValue ?? 0, $0.1) })
    }()
}
