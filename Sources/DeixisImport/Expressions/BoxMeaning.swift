import DeixisGrounding
import DeixisInput

/// When an expression is true of a box, decided from boxes alone. In the band called `unclear` two people might
/// disagree: an expression is used only if it is `yes` for one box and `no` for every other one.
///
/// Lengths are shares of the picture's short side S.
///
/// | phrase | yes | no |
/// |---|---|---|
/// | on the left, ... | center in the first 0.40 of the width | beyond 0.56 |
/// | leftmost, ... | center before every rival's by 0.09 S, edge too | a rival is before it by 0.09 S |
/// | second from the left, ... | rank among rivals whose centers are all 0.07 S apart from its own | another rank |
/// | largest, ... | area 1.7 times every rival's | a rival's is 1.7 times its |
/// | left of, ... | center 0.14 S further, at most 45 degrees off, edges apart or in order | center less than 0.02 S further |
/// | closest to | gap smaller than every rival's by 0.12 S | another is closer by 0.12 S |
struct BoxMeaning {
    let boxes: [LabelledBox]
    let width, height: Double
    private var side: Double { min(width, height) }

    init(_ boxes: [LabelledBox], width: Int, height: Int) {
        (self.boxes, self.width, self.height) = (boxes, Double(width), Double(height))
    }

    /// The one box `expression` is true of; nil if there is none, more than one, or doubt about any.
    func onlyReferent(of expression: BoxExpression) -> Int? {
        var found: Int?
        for index in boxes.indices {
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

    func candidates(_ category: String) -> [Int] { boxes.indices.filter { boxes[$0].category == category } }

    func truth(of expression: BoxExpression, for index: Int) -> SceneTruth {
        guard boxes[index].category == expression.category else { return .no }
        let rivals = candidates(expression.category).filter { $0 != index }
        switch expression {
        case .category: return .yes
        case .side(_, let side): return onSide(side, index)
        case .outermost(_, let side): return isOutermost(side, index, rivals)
        case .order(_, let number, let side): return hasRank(number, from: side, index, rivals)
        case .size(_, let size): return isOfSize(size, index, rivals)
        case .relation(_, let relation, let anchor):
            let anchors = candidates(anchor)
            // An anchor nobody can find, or that is the object itself, makes the sentence unusable.
            guard anchors.count == 1, anchors[0] != index else { return .unclear }
            return relation == .nearest
                ? isNearest(index, to: anchors[0], rivals) : relates(index, relation, to: anchors[0])
        }
    }

    private func onSide(_ side: BoxExpression.Side, _ index: Int) -> SceneTruth {
        let share: Double =
            switch side {
            case .left: boxes[index].centerX / width
            case .right: 1 - boxes[index].centerX / width
            case .top: boxes[index].centerY / height
            case .bottom: 1 - boxes[index].centerY / height
            }
        return share <= 0.40 ? .yes : share >= 0.56 ? .no : .unclear
    }

    /// Center and edge along a direction that grows towards `side`.
    private func reach(_ side: BoxExpression.Side, _ index: Int) -> (center: Double, edge: Double) {
        let object = boxes[index]
        return switch side {
        case .left: (-object.centerX, -object.box.x)
        case .right: (object.centerX, object.box.right)
        case .top: (-object.centerY, -object.box.y)
        case .bottom: (object.centerY, object.box.bottom)
        }
    }

    private func isOutermost(_ direction: BoxExpression.Side, _ index: Int, _ rivals: [Int]) -> SceneTruth {
        if rivals.isEmpty { return .unclear }
        let mine = reach(direction, index)
        var clear = true
        for rival in rivals {
            let other = reach(direction, rival)
            if other.center - mine.center >= 0.09 * side, other.edge > mine.edge { return .no }
            clear = clear && mine.center - other.center >= 0.09 * side && mine.edge > other.edge
        }
        return clear ? .yes : .unclear
    }

    private func hasRank(_ number: Int, from direction: BoxExpression.Side, _ index: Int, _ rivals: [Int]) -> SceneTruth
    {
        let mine = reach(direction, index).center
        var before = 0
        for rival in rivals {
            let difference = reach(direction, rival).center - mine
            if abs(difference) < 0.07 * side { return .unclear }
            if difference > 0 { before += 1 }
        }
        return before + 1 == number ? .yes : .no
    }

    private func isOfSize(_ size: BoxExpression.Size, _ index: Int, _ rivals: [Int]) -> SceneTruth {
        if rivals.isEmpty { return .unclear }
        let mine = boxes[index].box.area
        var clear = true
        for rival in rivals {
            let other = boxes[rival].box.area
            let (large, small) = size == .largest ? (mine, other) : (other, mine)
            if small >= 1.7 * large { return .no }
            clear = clear && large >= 1.7 * small
        }
        return clear ? .yes : .unclear
    }

    private func relates(_ index: Int, _ relation: BoxExpression.Relation, to anchor: Int) -> SceneTruth {
        let direction: BoxExpression.Side =
            switch relation {
            case .leftOf: .left
            case .rightOf: .right
            case .above: .top
            default: .bottom
            }
        let mine = reach(direction, index), other = reach(direction, anchor)
        let forward = mine.center - other.center
        if forward < 0.02 * side { return .no }
        let object = boxes[index], reference = boxes[anchor]
        let horizontal = direction == .left || direction == .right
        let across = horizontal ? abs(object.centerY - reference.centerY) : abs(object.centerX - reference.centerX)
        // A box that holds the other's is around it, not beside it.
        let overlap = object.box.intersectionOverUnion(reference.box)
        return forward >= 0.14 * side && across <= forward && mine.edge > other.edge && overlap < 0.2 ? .yes : .unclear
    }

    private func gap(_ a: Int, _ b: Int) -> Double {
        let p = boxes[a].box, q = boxes[b].box
        let dx = max(0, max(p.x - q.right, q.x - p.right)), dy = max(0, max(p.y - q.bottom, q.y - p.bottom))
        return (dx * dx + dy * dy).squareRoot()
    }

    private func isNearest(_ index: Int, to anchor: Int, _ rivals: [Int]) -> SceneTruth {
        let others = rivals.filter { $0 != anchor }
        if others.isEmpty { return .unclear }
        let mine = gap(index, anchor)
        var clear = true
        for rival in others {
            let other = gap(rival, anchor)
            if mine - other >= 0.12 * side { return .no }
            clear = clear && other - mine >= 0.12 * side
        }
        return clear ? .yes : .unclear
    }
}
