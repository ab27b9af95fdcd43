@testable import DeixisGrounding
import DeixisInput
import Foundation
import Testing

@Suite struct BatchTests {
    static func maker(_ source: any SampleSource, batch: Int = 8, augmentation: Augmentation = .none, stray: Double = 0)
        throws -> BatchMaker
    {
        BatchMaker(
            source: source, tokenizer: try Tokenizer(vocabulary: try SentenceVocabulary.scenes()),
            letterbox: try Letterbox(side: 64), augmentation: augmentation, seed: 3, batchSize: batch, strayWord: stray)
    }

    struct Numbered: SampleSource {
        let count: Int?
        func sample(_ index: Int) -> GroundingSample {
            GroundingSample(
                image: RGBImage(width: 4, height: 4), sentence: "star", box: PixelBox(x: 0, y: 0, width: 1, height: 1),
                kind: "\(index)")
        }
    }

    @Test func sceneVocabularyKnowsEveryWord() throws {
        let tokenizer = try Tokenizer(vocabulary: try SentenceVocabulary.scenes())
        for index in 0..<500 {
            let ids = tokenizer.encode(SceneGenerator(seed: 2).sample(UInt64(index)).sentence).ids
            #expect(!ids.contains(tokenizer.unknownID))
        }
    }

    @Test func boxesAreNormalizedToTheLetterboxedSquare() throws {
        let source = SceneSource(seed: 8, longSide: nil)
        let maker = try Self.maker(source)
        let batch = try maker.batch(0)
        #expect(
            batch.images.count == 8 * 64 * 64 * 3 && batch.boxes.count == 32 && batch.mask.count == 8 * batch.length)
        for index in 0..<8 {
            let sample = source.sample(index)
            let expected = maker.letterbox.normalized(
                sample.box, width: sample.image.width, height: sample.image.height)
            let box = Array(batch.boxes[index * 4..<index * 4 + 4])
            #expect(
                zip(box, [expected.centerX, expected.centerY, expected.width, expected.height]).allSatisfy {
                    abs($0 - $1) < 1e-5
                })
            let ids = maker.tokenizer.encode(sample.sentence).ids
            let row = batch.tokenIDs[index * batch.length..<(index + 1) * batch.length]
            #expect(
                Array(row.prefix(ids.count)) == ids
                    && row.dropFirst(ids.count).allSatisfy { $0 == maker.tokenizer.padID })
            #expect(batch.mask[index * batch.length..<(index + 1) * batch.length].reduce(0, +) == Int64(ids.count))
        }
    }

    /// Boxes drawn from the cheap small rendering agree with those of the full one.
    @Test func smallDrawingsHaveTheSameBoxes() throws {
        let small = try Self.maker(SceneSource(seed: 8, longSide: 64)).batch(2)
        let full = try Self.maker(SceneSource(seed: 8, longSide: nil)).batch(2)
        #expect(zip(small.boxes, full.boxes).allSatisfy { abs($0 - $1) < 0.01 })
        #expect(small.tokenIDs == full.tokenIDs)
    }

    @Test func everyEpochHoldsEverySampleOnce() throws {
        let maker = try Self.maker(Numbered(count: 10), batch: 4)
        var seen: [String] = []
        for number in 0..<10 { seen += try maker.batch(number).kinds }
        for epoch in 0..<4 { #expect(Set(seen[epoch * 10..<epoch * 10 + 10]).count == 10) }
        #expect(Array(seen[0..<10]) != Array(seen[10..<20]))
        let endless = try Self.maker(Numbered(count: nil), batch: 4)
        #expect(try endless.batch(3).kinds == ["12", "13", "14", "15"])
    }

    @Test func batchIsAFunctionOfItsNumber() throws {
        let source = SceneSource(seed: 8, longSide: 64)
        let a = try Self.maker(source, augmentation: .paper, stray: 0.5),
            b = try Self.maker(source, augmentation: .paper, stray: 0.5)
        _ = try a.batch(0)
        #expect(try a.batch(5) == b.batch(5))
        #expect(try a.batch(5) != b.batch(6))
        #expect(try a.plain(40..<48) == Self.maker(source).batch(5))
    }

    @Test func strayWordsAreUnknownAndInside() throws {
        let maker = try Self.maker(SceneSource(seed: 8, longSide: 64), batch: 64, stray: 1)
        let batch = try maker.batch(0)
        for index in 0..<64 {
            let row = Array(batch.tokenIDs[index * batch.length..<(index + 1) * batch.length])
            #expect(row.filter { $0 == maker.tokenizer.unknownID }.count == 1)
            #expect(
                row[0] == maker.tokenizer.startID && row.last { $0 != maker.tokenizer.padID } == maker.tokenizer.endID)
        }
    }

    @Test func queueKeepsTheOrderAndPassesErrorsOn() throws {
        let maker = try Self.maker(Numbered(count: nil), batch: 2)
        let queue = BatchQueue(maker, from: 7)
        defer { queue.stop() }
        for number in 7..<20 { #expect(try queue.next() == maker.batch(number)) }
        struct Broken: SampleSource {
            let count: Int? = nil
            func sample(_ index: Int) throws(GroundingError) -> GroundingSample {
                throw .emptyDataset(manifest: "sample \(index)")
            }
        }
        let broken = BatchQueue(try Self.maker(Broken()), from: 2)
        defer { broken.stop() }
        #expect(throws: GroundingError.self) { try broken.next() }
        #expect(throws: GroundingError.self) { try broken.next() }
    }

    @Test func aStoppedQueueLetsWaitersGo() async throws {
        struct Slow: SampleSource {
            let count: Int? = nil
            func sample(_ index: Int) -> GroundingSample {
                Thread.sleep(forTimeInterval: 2)
                return SceneSource(seed: 1, longSide: 64).sample(index)
            }
        }
        let queue = BatchQueue(try Self.maker(Slow(), batch: 50), from: 0)
        async let waited = Task.detached { try? queue.next() }.value
        try await Task.sleep(for: .milliseconds(50))
        queue.stop()
        #expect(await waited == nil)
        let error = #expect(throws: GroundingError.self) { try queue.next() }
        #expect(error?.description == "no batch is made after the queue was stopped")
    }
}
