/// The names that are most like `name`, the nearest first: those that contain it or that it contains, then those the
/// fewest edits away, a third of its letters at most.
public func nearNames(to name: String, of names: [String], most: Int = 3) -> [String] {
    let lowered = name.lowercased(), limit = max(1, (name.count + 1) / 3)
    let scored = names.enumerated().compactMap { index, candidate -> (score: Int, index: Int, name: String)? in
        let other = candidate.lowercased()
        if !name.isEmpty, other.contains(lowered) || lowered.contains(other) {
            return (abs(other.count - lowered.count), index, candidate)
        }
        guard abs(other.count - lowered.count) <= limit else { return nil }
        let distance = edits(lowered, other)
        return distance <= limit ? (1000 + distance, index, candidate) : nil
    }
    return scored.sorted { ($0.score, $0.index) < ($1.score, $1.index) }.prefix(most).map(\.name)
}

/// Insertions, deletions and replacements between two texts (Levenshtein 1966).
func edits(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for j in b.indices {
            let replaced = diagonal + (letter == b[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
        }
    }
    return row[b.count]
}
