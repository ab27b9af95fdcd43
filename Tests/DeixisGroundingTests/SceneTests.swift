@testable import DeixisGrounding
import DeixisInput
import Testing

@Suite struct SceneTests {
    static func samples(_ seed: UInt64, _ count: Int) -> [SceneSample] {
        let generator = SceneGenerator(seed: seed)
        return (0..<count).map { generator.sample(UInt64($0)) }
    }

    /// sentence -> structure by the reader -> referents by the evaluator: the one object whose box is the answer.
    @Test(arguments: [1, 2, 77] as [UInt64])
    func everySentenceMeansExactlyItsTarget(seed: UInt64) throws {
        for sample in Self.samples(seed, 3000) {
            let read = try #require(SentenceReader.read(sample.sentence), "not understood: \(sample.sentence)")
            #expect(read == sample.expression, "\(sample.sentence)")
            let meaning = ExpressionMeaning(sample.scene)
            for index in sample.scene.objects.indices {
                let truth = meaning.truth(of: read, for: index)
                #expect(truth == (index == sample.target ? .yes : .no), "\(sample.sentence), object \(index)")
            }
        }
    }

    /// Plain geometry, written without the evaluator: what nobody could deny of the sentences.
    @Test func relationsHoldByTheirCenters() {
        for sample in Self.samples(5, 4000) {
            let target = sample.scene.objects[sample.target]
            func fits(_ d: SceneDescription, _ o: SceneObject) -> Bool {
                (d.size == nil || d.size == o.size) && (d.color == nil || d.color == o.color)
                    && (d.shape == nil || d.shape == o.shape) && (d.pattern == nil || d.pattern == o.pattern)
            }
            switch sample.expression {
            case .relation(_, let relation, let what):
                let anchors = sample.scene.objects.filter { fits(what, $0) }
                #expect(anchors.count == 1)
                let anchor = anchors[0]
                switch relation {
                case .leftOf: #expect(target.centerX < anchor.centerX - 25)
                case .rightOf: #expect(target.centerX > anchor.centerX + 25)
                case .above: #expect(target.centerY < anchor.centerY - 25)
                case .below: #expect(target.centerY > anchor.centerY + 25)
                case .nextTo: break
                }
            case .superlative(let superlative, let what):
                let rivals = sample.scene.objects.enumerated().filter {
                    $0.offset != sample.target && fits(what, $0.element)
                }
                for (_, rival) in rivals {
                    switch superlative {
                    case .leftmost: #expect(target.centerX < rival.centerX)
                    case .rightmost: #expect(target.centerX > rival.centerX)
                    case .topmost: #expect(target.centerY < rival.centerY)
                    case .bottommost: #expect(target.centerY > rival.centerY)
                    case .largest: #expect(target.radius > rival.radius * 1.2)
                    case .smallest: #expect(target.radius * 1.2 < rival.radius)
                    }
                }
            default: break
            }
        }
    }

    @Test func sceneIsAFunctionOfSeedAndIndex() {
        let a = SceneGenerator(seed: 9), b = SceneGenerator(seed: 9), c = SceneGenerator(seed: 10)
        // Drawn in another order, from another generator.
        let forwards = (0..<50).map { a.sample(UInt64($0)).scene.render(longSide: 64) }
        let backwards = (0..<50).reversed().map { b.sample(UInt64($0)).scene.render(longSide: 64) }
        #expect(forwards == backwards.reversed())
        #expect((0..<50).allSatisfy { a.sample(UInt64($0)).sentence == b.sample(UInt64($0)).sentence })
        #expect(!(0..<50).contains { forwards[$0] == c.sample(UInt64($0)).scene.render(longSide: 64) })
        #expect(Set(forwards.map(\.pixels)).count == 50)
    }

    @Test func mixOfKindsIsTheDocumentedOne() {
        let settings = SceneSettings()
        var counts: [SceneExpressionKind: Double] = [:]
        for sample in Self.samples(3, 4000) { counts[sample.kind, default: 0] += 1 / 4000 }
        for kind in settings.kinds { #expect(abs(counts[kind.kind, default: 0] - kind.share) < 0.03, "\(kind)") }
    }

    /// Knowing only a color, or only a shape, must not be enough: most attribute scenes hold a distractor that shares
    /// one.
    @Test func distractorsShareColorOrShape() {
        let attributes = Self.samples(4, 4000).filter { $0.kind == .attribute }
        let shared = attributes.filter { sample in
            let target = sample.scene.objects[sample.target]
            return sample.scene.objects.enumerated().contains {
                $0.offset != sample.target && ($0.element.color == target.color || $0.element.shape == target.shape)
            }
        }
        #expect(Double(shared.count) > 0.6 * Double(attributes.count))
    }

    @Test func nounsOfPositionSentencesAreAmbiguousAlone() {
        let positional = Self.samples(6, 4000).filter { $0.kind != .attribute }
        let ambiguous = positional.filter { sample in
            let meaning = ExpressionMeaning(sample.scene)
            switch sample.expression {
            case .attribute: return false
            case .side(let what, _), .superlative(_, let what), .relation(let what, _, _), .nearest(let what, _),
                .between(let what, _, _):
                return meaning.candidates(what).count > 1
            }
        }
        #expect(Double(ambiguous.count) > 0.85 * Double(positional.count))
    }

    /// Every object of every scene shows at least 70% of what lies inside the picture.
    @Test func occlusionIsBounded() {
        for sample in Self.samples(8, 400) {
            let scene = sample.scene
            var owner = [Int](repeating: -1, count: scene.width * scene.height)
            var total = [Int](repeating: 0, count: scene.objects.count), seen = total
            for (index, object) in scene.objects.enumerated() {
                guard let area = AreaCoverage(of: object, scale: 1, width: scene.width, height: scene.height) else {
                    continue
                }
                for y in 0..<area.height {
                    for x in 0..<area.width where area.weights[y * area.width + x] > 128 {
                        total[index] += 1
                        owner[(area.y + y) * scene.width + area.x + x] = index
                    }
                }
            }
            for index in owner where index >= 0 { seen[index] += 1 }
            for index in scene.objects.indices {
                #expect(Double(seen[index]) >= 0.7 * Double(total[index]), "\(sample.sentence), object \(index)")
                #expect(total[index] > 150)
            }
        }
    }

    /// The box touches what is drawn: coverage reaches every edge of it and nothing lies outside.
    @Test func boxIsTightAroundThePixels() {
        for sample in Self.samples(11, 300) {
            let scene = sample.scene, box = sample.box
            let object = scene.objects[sample.target]
            let area = AreaCoverage(of: object, scale: 1, width: scene.width, height: scene.height)!
            var left = Int.max, right = 0, top = Int.max, bottom = 0
            for y in 0..<area.height {
                for x in 0..<area.width where area.weights[y * area.width + x] > 0 {
                    left = min(left, area.x + x)
                    right = max(right, area.x + x + 1)
                    top = min(top, area.y + y)
                    bottom = max(bottom, area.y + y + 1)
                }
            }
            #expect(abs(Double(left) - box.minX) <= 1.5 && abs(Double(right) - box.maxX) <= 1.5)
            #expect(abs(Double(top) - box.minY) <= 1.5 && abs(Double(bottom) - box.maxY) <= 1.5)
            #expect(
                box.minX >= 0 && box.minY >= 0 && box.maxX <= Double(scene.width) && box.maxY <= Double(scene.height))
        }
    }

    @Test func coverageEqualsTheAreaOfThePolygon() {
        let generator = SceneGenerator(seed: 12)
        for index in 0..<200 {
            let scene = generator.sample(UInt64(index)).scene
            for object in scene.objects {
                let box = object.bounds
                guard box.minX > 0, box.minY > 0, box.maxX < Double(scene.width), box.maxY < Double(scene.height) else {
                    continue
                }
                let area = AreaCoverage(of: object, scale: 1, width: scene.width, height: scene.height)!
                let drawn = area.weights.reduce(0.0) { $0 + Double($1) / 256 }
                // Shoelace formula.
                var exact = 0.0
                for contour in ShapeOutline.placed(object) {
                    for (p, q) in zip(contour, contour.dropFirst() + contour.prefix(1)) {
                        exact += (p.x * q.y - q.x * p.y) / 2
                    }
                }
                #expect(abs(drawn - abs(exact)) < 0.02 * abs(exact), "\(object.shape)")
            }
        }
    }

    @Test func languageIsCompactAndClosed() {
        let words = Set(SceneLanguage.words)
        #expect(words.count <= 150)
        var used: Set<String> = []
        for sample in Self.samples(13, 6000) { used.formUnion(sample.sentence.split(separator: " ").map(String.init)) }
        #expect(used.subtracting(words) == [])
        #expect(words.subtracting(used) == [])
    }

    @Test func picturesAgreeAcrossScales() throws {
        // The same scene drawn small equals the large one shrunk, up to texture finer than a pixel.
        let letterbox = try Letterbox(side: 128)
        var total = 0.0
        for index in 0..<40 {
            let scene = SceneGenerator(seed: 14).sample(UInt64(index)).scene
            let direct = letterbox.apply(to: scene.render(longSide: 128)), shrunk = letterbox.apply(to: scene.render())
            total +=
                zip(direct.pixels, shrunk.pixels).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) }
                / Double(direct.pixels.count)
        }
        #expect(total / 40 < 4)
    }
}
