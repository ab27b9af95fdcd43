import DeixisGraph
import Foundation
import Synchronization
import Testing

@testable import DeixisRuntime

/// Runs `body(0)` ... `body(count - 1)` on as many threads at once.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for i in 0..<count {
        group.enter()
        Thread.detachNewThread {
            body(i)
            group.leave()
        }
    }
    group.wait()
}

/// One session, many threads: one answer.
@Suite struct SharingTests {
    /// What one thread alone says, by length.
    static func expected(_ model: Model, _ lengths: ClosedRange<Int>) throws -> [Int: [[UInt8]]] {
        var found: [Int: [[UInt8]]] = [:]
        for length in lengths { found[length] = try KeptTests.expected(model, KeptTests.inputs(length, length)) }
        return found
    }

    static func named(_ model: Model, _ tensors: [Constant]) -> [(name: Name, tensor: Constant)] {
        zip(model.graph.inputs, tensors).map { (model.graph[$0].name, $1) }
    }

    @Test(
        "Threads that ask at once, for shapes known and new, get what one alone gets", arguments: [1, 2, 3],
        [true, false])
    func answersAreThoseOfOne(threads: Int, optimize: Bool) throws {
        let model = try Model(graph: GraphBuilder.grounding())
        var options = SessionOptions()
        // Plans come and go while others run them.
        (options.threads, options.optimize, options.plannedShapes, options.dropPadding) = (threads, optimize, 3, false)
        let session = try Session(model, options: options)
        var expected: [Int: [[UInt8]]] = [:]
        let alone = try Session(model, options: options)
        for length in 1...7 {
            expected[length] = try alone.run(Self.named(model, KeptTests.inputs(length, length))).map {
                Array($0.tensor.bytes)
            }
        }
        let wanted = expected, wrong = Atomic(0), runs = Atomic(0)
        onThreads(8) { thread in
            for turn in 0..<40 {
                let length = (thread + turn * 3) % 7 + 1
                let outputs = try? session.run(Self.named(model, KeptTests.inputs(length, length)))
                if outputs?.map({ Array($0.tensor.bytes) }) != wanted[length] { wrong.add(1, ordering: .relaxed) }
                runs.add(1, ordering: .relaxed)
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(runs.load(ordering: .relaxed) == 320)
    }

    @Test("Weights are packed once for all threads and sessions of a model") func weightsArePackedOnce() throws {
        let model = try Model(graph: GraphBuilder.grounding()), inputs = Self.named(model, KeptTests.inputs(5, 1))
        let one = try Session(model)
        _ = try one.run(inputs)
        let bytes = one.packedWeightBytes, other = try Session(model)
        #expect(bytes > 0)
        onThreads(8) { _ in _ = try? other.run(inputs) }
        #expect(other.packedWeightBytes == bytes)
        // A context costs its arena and no weights.
        let context = other.makeContext()
        _ = try context.run(inputs)
        #expect(context.byteCount == (try #require(context.current).plan.arenaBytes))
        #expect(other.packedWeightBytes == bytes)
    }

    /// Kept values of one context, asked from many others.
    @Test func keptValuesGoFromContextToContext() throws {
        let model = try Model(graph: GraphBuilder.grounding()), session = try Session(model)
        let first = session.makeContext(), picture = KeptTests.inputs(7, 1)
        try first.prepare(picture.map(\.shape), keeping: [KeptTests.image])
        try KeptTests.write(first, 0, picture[0])
        try first.runKept()
        let kept = try #require(try first.copyKept())
        var expected: [[[UInt8]]] = []
        for length in 1...6 {
            let words = KeptTests.inputs(length, length)
            expected.append(try KeptTests.expected(model, [picture[0], words[1], words[2]]))
        }
        let wanted = expected, wrong = Atomic(0)
        onThreads(8) { thread in
            do {
                let context = session.makeContext()
                for turn in 0..<24 {
                    let length = (thread + turn) % 6 + 1, words = KeptTests.inputs(length, length)
                    try context.prepare(words.map(\.shape), keeping: [KeptTests.image])
                    if turn % 5 == 0 { try context.restoreKept(kept) }
                    for k in [1, 2] { try KeptTests.write(context, k, words[k]) }
                    try context.runChanged()
                    if try KeptTests.outputs(context) != wanted[length - 1] { wrong.add(1, ordering: .relaxed) }
                }
            } catch {
                wrong.add(1, ordering: .relaxed)
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }
}

/// What nobody holds any more goes.
@Suite struct LifetimeTests {
    @Test("A session that has run goes with its last holder, and its model's weights with it") func sessionsGo() throws
    {
        weak var session: Session?
        weak var context: RunContext?
        weak var preparation: Preparation?
        do {
            let model = try Model(graph: GraphBuilder.grounding()), made = try Session(model), own = made.makeContext()
            let inputs = zip(model.graph.inputs, KeptTests.inputs(5, 1)).map {
                (name: model.graph[$0].name, tensor: $1)
            }
            _ = try made.run(inputs)
            onThreads(3) { _ in _ = try? made.run(inputs) }
            _ = try own.run(inputs)
            (session, context, preparation) = (made, own, made.preparation)
        }
        // A thread lets go of what it ran a moment after it has said that it is done.
        for _ in 0..<1000 where session != nil { usleep(5000) }
        #expect(session == nil)
        #expect(context == nil)
        #expect(preparation == nil)
    }
}
