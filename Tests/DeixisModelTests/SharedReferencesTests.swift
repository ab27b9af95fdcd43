import CAllocations
import CDeixisSystem
import DeixisGraph
import DeixisRuntime
import Testing

/// Contexts of one session that run on several threads count no references to what they share: plans, closures of
/// kernels, packed weights, threads. A count that two threads change travels between their cores each time.
///
/// In processes of their own, where no other test counts.
@Suite(.enabled(if: allocations_are_counted(), "a sanitizer's program has Swift's own functions"))
struct SharedReferencesTests {
    typealias Task = @convention(c) (UnsafeMutableRawPointer?, Int, Int) -> Void

    /// `task` on two threads at once, with `objects` in memory; it takes long enough that neither finishes before the
    /// other begins.
    static func count(_ objects: [AnyObject], _ task: Task) throws -> references {
        var created: OpaquePointer?
        try #require(deixis_pool_create(2, &created) == 0)
        let pool = try #require(created)
        defer { deixis_pool_destroy(pool) }
        var places = objects.map { Unmanaged.passUnretained($0).toOpaque() }
        var found = references()
        for _ in 0..<1000 where found.threads != 2 {
            references_begin()
            deixis_pool_run(pool, 2, task, &places)
            found = references_end()
        }
        withExtendedLifetime(objects) {}
        return found
    }

    static func context(_ session: Session, keeping: Bool) throws -> RunContext {
        let context = session.makeContext()
        let shapes = session.inputNames.map { "\($0)" == "image" ? [1, 128, 128, 3] : [1, 12] }
        try context.prepare(shapes, keeping: keeping ? shapes.indices.filter { shapes[$0].count == 4 } : [])
        for index in shapes.indices {
            _ = try context.inputBuffer(index).initializeMemory(as: UInt8.self, repeating: 0)
        }
        try context.run()
        return context
    }

    static func expectNone(_ file: String) {
        do {
            var options = SessionOptions()
            options.threads = 1
            let session = try Session(try Model.load(BundledModelTests.path(file)), options: options)
            for keeping in [false, true] {
                let contexts = [try context(session, keeping: keeping), try context(session, keeping: keeping)]
                let found = try count(contexts) { contexts, task, _ in
                    let context = contexts?.assumingMemoryBound(to: UnsafeRawPointer.self)[task]
                    Unmanaged<RunContext>.fromOpaque(context.unsafelyUnwrapped)._withUnsafeGuaranteedRef { context in
                        for _ in 0..<20 {
                            try? context.run()
                            try? context.runChanged()
                        }
                    }
                }
                #expect(found.threads == 2 && found.shared == 0, "\(file), keeping: \(keeping): \(found)")
            }
        } catch {
            Issue.record(error)
        }
    }

    private final class Counted {}

    @Test func countingCounts() async {
        await #expect(processExitsWith: .success) {
            let one = Counted()
            let found = try SharedReferencesTests.count([one, one]) { objects, task, _ in
                let place = objects?.assumingMemoryBound(to: UnsafeRawPointer.self)[task]
                let object = Unmanaged<Counted>.fromOpaque(place.unsafelyUnwrapped).takeUnretainedValue()
                var holders: [Counted] = []
                for _ in 0..<100_000 {
                    if holders.count == 64 { holders.removeAll(keepingCapacity: true) }
                    holders.append(object)
                }
                withExtendedLifetime(holders) {}
            }
            #expect(found.threads == 2 && found.shared == 1)
        }
    }

    @Test func runsOfInt8ShareNone() async {
        await #expect(processExitsWith: .success) { SharedReferencesTests.expectNone("small.int8.onnx") }
    }

    @Test func runsOfFloatShareNone() async {
        await #expect(processExitsWith: .success) { SharedReferencesTests.expectNone("small.onnx") }
    }
}
