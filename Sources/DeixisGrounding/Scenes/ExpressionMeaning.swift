/// When an expression is true of an object, decided from geometry alone; it knows nothing of how expressions are chosen
/// or worded. `unclear` is the band in which two people might disagree: an expression is used only if it is `yes` for
/// one object and `no` for every other one.
public enum SceneTruth: Sendable, Equatable { case yes, no, unclear }

/// Lengths are shares of the image's short side S. "Left" compares centers *and* edges.
///
/// | phrase | yes | no |
/// |---|---|---|
/// | left of, above, ... | center at least 0.14 S further, at most 45 degrees off, edges in the same order | center less than 0.02 S further |
/// | next to | gap between the outlines' circles at most 0.09 S | at least 0.22 S |
/// | closest to | gap smaller than every rival's by 0.12 S | another is closer by 0.12 S |
/// | between | foot point in 0.22...0.78 of the line between the centers, at most 0.18 of its length off it | outside 0...1 or 0.45 off |
/// | leftmost, ... | center before every rival's by 0.09 S, edges too | a rival is before it by 0.09 S |
/// | largest, ... | radius 1.25 times every rival's, box area 1.3 times | a rival is 1.25 times larger |
/// | on the left, ... | center in the first 0.40 of the width | beyond 0.56 |
struct ExpressionMeaning {
    let scene: Scene
    private let boxes: [SceneRect]
    private var side: Double { scene.shortSide }

    init(_ scene: Scene) {
        self.scene = scene
        boxes = scene.objects.map(\.bounds)
    }

    /// The one object `expression` is true of; nil if there is none, more than one, or doubt about any.
    func onlyReferent(of expression: SceneExpression) -> Int? {
        var found: Int?
        for index in scene.objects.indices {
            switch truth(of: expression, for: index) {
            case .no: continue
            case .unclear: return nil
            case .yes:
                if found != nil { return nil }
                found = index
            }
        }
        return found
    }

    func matches(_ description: SceneDescription, _ index: Int) -> Bool {
        let object = scene.objects[index]
        if let size = description.size, size != object.size { return false }
        if let pattern = description.pattern, pattern != object.pattern { return false }
        if let color = description.color, color != object.color { return false }
        if let shape = description.shape, shape != object.shape { return false }
        return true
    }

    func candidates(_ description: SceneDescription) -> [Int] {
        scene.objects.indices.filter { matches(description, $0) }
    }

    func truth(of expression: SceneExpression, for index: Int) -> SceneTruth {
        switch expression {
        case .attribute(let what):
            return matches(what, index) ? .yes : .no
        case .side(let what, let side):
            return matches(what, index) ? onSide(side, index) : .no
        case .superlative(let superlative, let what):
            return matches(what, index) ? isMost(superlative, index, among: candidates(what)) : .no
        case .relation(let what, let relation, let anchor):
            guard matches(what, index) else { return .no }
            // An anchor nobody can find, or that is the object itself, makes the sentence unusable.
            guard let anchor = only(anchor) else { return .unclear }
            return anchor == index ? .no : relates(index, relation, to: anchor)
        case .nearest(let what, let anchor):
            guard matches(what, index) else { return .no }
            guard let anchor = only(anchor) else { return .unclear }
            return anchor == index ? .no : isNearest(index, to: anchor, among: candidates(what).filter { $0 != anchor })
        case .between(let what, let first, let second):
            guard matches(what, index) else { return .no }
            guard let first = only(first), let second = only(second), first != second else { return .unclear }
            return first == index || second == index ? .no : isBetween(index, first, second)
        }
    }

    private func only(_ description: SceneDescription) -> Int? {
        let all = candidates(description)
        return all.count == 1 ? all[0] : nil
    }

    private func onSide(_ where: SceneSide, _ index: Int) -> SceneTruth {
        let object = scene.objects[index]
        let share: Double =
            switch `where` {
            case .left: object.centerX / Double(scene.width)
            case .right: 1 - object.centerX / Double(scene.width)
            case .top: object.centerY / Double(scene.height)
            case .bottom: 1 - object.centerY / Double(scene.height)
            }
        return share <= 0.40 ? .yes : share >= 0.56 ? .no : .unclear
    }

    /// (center, edge) along a direction that grows towards "more left", "more right", ...
    private func reach(_ superlative: SceneSuperlative, _ index: Int) -> (center: Double, edge: Double) {
        let object = scene.objects[index], box = boxes[index]
        switch superlative {
        case .leftmost: return (-object.centerX, -box.minX)
        case .rightmost: return (object.centerX, box.maxX)
        case .topmost: return (-object.centerY, -box.minY)
        case .bottommost: return (object.centerY, box.maxY)
        case .largest, .smallest: return (object.radius, box.area)
        }
    }

    private func isMost(_ superlative: SceneSuperlative, _ index: Int, among all: [Int]) -> SceneTruth {
        let mine = reach(superlative, index)
        var clear = true
        for rival in all where rival != index {
            let other = reach(superlative, rival)
            switch superlative {
            case .leftmost, .rightmost, .topmost, .bottommost:
                if other.center - mine.center >= 0.09 * side, other.edge > mine.edge { return .no }
                clear = clear && mine.center - other.center >= 0.09 * side && mine.edge > other.edge
            case .largest:
                if other.center >= 1.25 * mine.center, other.edge >= 1.3 * mine.edge { return .no }
                clear = clear && mine.center >= 1.25 * other.center && mine.edge >= 1.3 * other.edge
            case .smallest:
                if mine.center >= 1.25 * other.center, mine.edge >= 1.3 * other.edge { return .no }
                clear = clear && other.center >= 1.25 * mine.center && other.edge >= 1.3 * mine.edge
            }
        }
        return clear ? .yes : .unclear
    }

    private func gap(_ a: Int, _ b: Int) -> Double {
        let p = scene.objects[a], q = scene.objects[b]
        let dx = p.centerX - q.centerX, dy = p.centerY - q.centerY
        return max(0, (dx * dx + dy * dy).squareRoot() - p.radius - q.radius)
    }

    private func relates(_ index: Int, _ relation: SceneRelation, to anchor: Int) -> SceneTruth {
        if relation == .nextTo {
            let distance = gap(index, anchor)
            return distance <= 0.09 * side ? .yes : distance >= 0.22 * side ? .no : .unclear
        }
        let direction: SceneSuperlative =
            switch relation {
            case .leftOf: .leftmost
            case .rightOf: .rightmost
            case .above: .topmost
            default: .bottommost
            }
        let mine = reach(direction, index), other = reach(direction, anchor)
        let forward = mine.center - other.center
        if forward < 0.02 * side { return .no }
        let object = scene.objects[index], reference = scene.objects[anchor]
        let horizontal = relation == .leftOf || relation == .rightOf
        let across = horizontal ? abs(object.centerY - reference.centerY) : abs(object.centerX - reference.centerX)
        return forward >= 0.14 * side && across <= forward && mine.edge > other.edge ? .yes : .unclear
    }

    private func isNearest(_ index: Int, to anchor: Int, among all: [Int]) -> SceneTruth {
        let mine = gap(index, anchor)
        var clear = true
        for rival in all where rival != index {
            let other = gap(rival, anchor)
            if mine - other >= 0.12 * side { return .no }
            clear = clear && other - mine >= 0.12 * side
        }
        return clear ? .yes : .unclear
    }

    private func isBetween(_ index: Int, _ first: Int, _ second: Int) -> SceneTruth {
        let p = scene.objects[index], a = scene.objects[first], b = scene.objects[second]
        let dx = b.centerX - a.centerX, dy = b.centerY - a.centerY
        let length2 = dx * dx + dy * dy
        let along = ((p.centerX - a.centerX) * dx + (p.centerY - a.centerY) * dy) / length2
        let across = abs((p.centerX - a.centerX) * dy - (p.centerY - a.centerY) * dx) / length2
        if along <= 0 || along >= 1 || across >= 0.45 { return .no }
        return (0.22...0.78).contains(along) && across <= 0.18 ? .yes : .unclear
    }
}
