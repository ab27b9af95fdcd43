internal import DeixisInput

extension GroundingSample {
    /// The mirror image: x -> width - x - w for the box, and left and right change places in the sentence.
    public func flipped() -> GroundingSample {
        GroundingSample(
            image: image.flipped(), sentence: Self.swappingSides(sentence),
            box: PixelBox(x: Double(image.width) - box.x - box.width, y: box.y, width: box.width, height: box.height),
            kind: kind)
    }

    /// "the Leftmost cup, right of it" -> "the Rightmost cup, left of it". Whole words only ("upright" stays), case
    /// kept.
    public static func swappingSides(_ sentence: String) -> String {
        var result = "", word = ""
        func flush() {
            result += swapped(word)
            word = ""
        }
        for character in sentence {
            if character.isLetter {
                word.append(character)
            } else {
                flush()
                result.append(character)
            }
        }
        flush()
        return result
    }

    /// "lefthand", "leftmost", "leftward(s)", "leftest", "lefty" follow their stem.
    private static let endings: Set<String> = ["", "most", "hand", "handed", "ward", "wards", "er", "est", "side", "y"]

    private static func swapped(_ word: String) -> String {
        let lower = word.lowercased()
        for (from, to) in [("left", "right"), ("right", "left")] {
            guard lower.hasPrefix(from), endings.contains(String(lower.dropFirst(from.count))) else { continue }
            let rest = word.dropFirst(from.count)
            if word == word.uppercased() { return to.uppercased() + rest }
            let stem = word.first?.isUppercase == true ? to.prefix(1).uppercased() + to.dropFirst() : to
            return stem + rest
        }
        return word
    }
}

extension RGBImage {
    func flipped() -> RGBImage {
        var result = self
        for y in 0..<height {
            var from = y * width * 3, to = (y * width + width - 1) * 3
            for _ in 0..<width {
                result.pixels[to] = pixels[from]
                result.pixels[to + 1] = pixels[from + 1]
                result.pixels[to + 2] = pixels[from + 2]
                from += 3
                to -= 3
            }
        }
        return result
    }
}
