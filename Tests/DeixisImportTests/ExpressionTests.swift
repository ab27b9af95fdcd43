import DeixisGrounding
@testable import DeixisImport
import DeixisInput
import Foundation
import Testing

@Suite struct ExpressionTests {
    static func row(_ count: Int) -> BoxMeaning {
        var boxes = (0..<count).map {
            LabelledBox(category: "dog", box: PixelBox(x: 4 + 12 * Double($0), y: 20, width: 8, height: 8))
        }
        boxes.append(LabelledBox(category: "car", box: PixelBox(x: 26, y: 2, width: 14, height: 8)))
        return BoxMeaning(boxes, width: 64, height: 48)
    }

    @Test("Five dogs in a row under a car") func row() {
        let meaning = Self.row(5)
        #expect(meaning.onlyReferent(of: .category("dog")) == nil)
        #expect(meaning.onlyReferent(of: .category("car")) == 5)
        #expect(meaning.onlyReferent(of: .outermost("dog", .left)) == 0)
        #expect(meaning.onlyReferent(of: .outermost("dog", .right)) == 4)
        #expect(meaning.onlyReferent(of: .order("dog", 2, from: .left)) == 1)
        #expect(meaning.onlyReferent(of: .order("dog", 2, from: .right)) == 3)
        #expect(meaning.onlyReferent(of: .order("dog", 3, from: .left)) == 2)
        // All at one height, all of one size.
        #expect(meaning.onlyReferent(of: .order("dog", 2, from: .top)) == nil)
        #expect(meaning.onlyReferent(of: .outermost("dog", .top)) == nil)
        #expect(meaning.onlyReferent(of: .size("dog", .largest)) == nil)
        #expect(meaning.onlyReferent(of: .side("dog", .left)) == nil)
        #expect(meaning.onlyReferent(of: .relation("car", .above, "dog")) == nil)
    }

    @Test("Places that two people might see differently give no sentence") func doubt() {
        func two(_ x: Double) -> BoxMeaning {
            BoxMeaning(
                [
                    LabelledBox(category: "cup", box: PixelBox(x: 10, y: 40, width: 20, height: 20)),
                    LabelledBox(category: "cup", box: PixelBox(x: x, y: 40, width: 20, height: 20)),
                ], width: 100, height: 100)
        }
        #expect(two(60).onlyReferent(of: .side("cup", .left)) == 0)
        #expect(two(60).onlyReferent(of: .outermost("cup", .left)) == 0)
        #expect(two(15).onlyReferent(of: .outermost("cup", .left)) == nil)
        #expect(two(36).onlyReferent(of: .side("cup", .left)) == nil)
    }

    @Test("Sentences of random pictures say their box alone, and are all different in kind") func random() throws {
        var random = CounterRandom(seed: 5, stream: 0)
        var kinds: Set<String> = [], count = 0
        for _ in 0..<300 {
            let boxes = (0..<2 + random.int(6)).map { _ in
                LabelledBox(
                    category: random.pick(["cat", "dog", "sports ball"]),
                    box: PixelBox(
                        x: random.double(0, 500), y: random.double(0, 380), width: random.double(20, 140),
                        height: random.double(20, 100)))
            }
            let meaning = BoxMeaning(boxes, width: 640, height: 480)
            for expression in CocoExpressions.proposals(meaning) {
                guard let index = meaning.onlyReferent(of: expression) else { continue }
                (kinds, count) = (kinds.union([expression.kind]), count + 1)
                // By another way: what the words say, without margins.
                #expect(Naive.satisfying(expression, boxes) == [index], "\(expression) of \(boxes)")
            }
        }
        #expect(kinds == ["category", "side", "outermost", "order", "size", "relation"])
        #expect(count > 1000)
    }

    @Test func importing() throws {
        let work = try Work(["a.png"])
        let coco = CocoExpressions(Work.fixtures + "coco/instances.json")
        let report = try work.read { importer throws(ImportError) in try coco.read(into: importer) }
        #expect(report.splits[0].counts.references > 6)
        let entries = try work.dataset().entries
        #expect(entries.contains { $0.kind == "order" })
        #expect(entries.allSatisfy { $0.sentence.contains("dog") || $0.sentence.contains("car") })
        let again = try Work(["a.png"])
        _ = try again.read { importer throws(ImportError) in try coco.read(into: importer) }
        #expect(try again.dataset().entries == entries, "the same seed, the same sentences")
    }
}

/// What an expression says, taken at its word.
private enum Naive {
    static func satisfying(_ expression: BoxExpression, _ boxes: [LabelledBox]) -> [Int] {
        let same = boxes.indices.filter { boxes[$0].category == expression.category }
        func best(_ key: (Int) -> Double) -> [Int] { same.max { key($0) < key($1) }.map { [$0] } ?? [] }
        func along(_ side: BoxExpression.Side, _ i: Int) -> Double {
            switch side {
            case .left: -boxes[i].centerX
            case .right: boxes[i].centerX
            case .top: -boxes[i].centerY
            case .bottom: boxes[i].centerY
            }
        }
        switch expression {
        case .category: return same
        case .side(_, let side):
            return same.filter {
                along(side, $0) > (side == .left ? -320 : side == .right ? 320 : side == .top ? -240 : 240)
            }
        case .outermost(_, let side): return best { along(side, $0) }
        case .order(_, let number, let side): return [same.sorted { along(side, $0) > along(side, $1) }[number - 1]]
        case .size(_, .largest): return best { boxes[$0].box.area }
        case .size(_, .smallest): return best { -boxes[$0].box.area }
        case .relation(_, let relation, let other):
            guard let anchor = boxes.firstIndex(where: { $0.category == other }) else { return [] }
            switch relation {
            case .leftOf: return same.filter { boxes[$0].centerX < boxes[anchor].centerX - 0.02 * 480 }
            case .rightOf: return same.filter { boxes[$0].centerX > boxes[anchor].centerX + 0.02 * 480 }
            case .above: return same.filter { boxes[$0].centerY < boxes[anchor].centerY - 0.02 * 480 }
            case .below: return same.filter { boxes[$0].centerY > boxes[anchor].centerY + 0.02 * 480 }
            case .nearest:
                return best { i in
                    let p = boxes[i].box, q = boxes[anchor].box
                    let dx = max(0, max(p.x - q.right, q.x - p.right)), dy = max(0, max(p.y - q.bottom, q.y - p.bottom))
                    return -(dx * dx + dy * dy)
                }
            }
        }
    }
}
