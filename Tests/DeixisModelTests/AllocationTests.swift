import CAllocations
import DeixisGraph
import DeixisRuntime
import Testing

/// `RunContext.run()` asks nothing of the heap once a plan has run: not for the bundled models, float and int8, on any
/// number of threads, not by halves (`runKept`, `runChanged`), not by references.
///
/// In processes of their own, where no other test allocates.
@Suite(.enabled(if: allocations_are_counted(), "a sanitizer brings its own allocator")) struct AllocationTests {
    /// Allocations of ten runs, one having gone before.
    static func count(_ file: String, threads: Int, reference: Bool = false, scene: Bool = false) throws -> Int {
        var options = SessionOptions()
        options.threads = threads
        options.referenceOnly = reference
        let context = try Session(try Model.load(BundledModelTests.path(file)), options: options).makeContext()
        let shapes = context.session.inputNames.map { "\($0)" == "image" ? [1, 128, 128, 3] : [1, 12] }
        let image = context.session.inputNames.indices.filter { shapes[$0].count == 4 }
        try context.prepare(shapes, keeping: scene ? image : [])
        for index in context.session.inputNames.indices {
            _ = try context.inputBuffer(index).initializeMemory(as: UInt8.self, repeating: 0)
        }
        try context.run()
        allocations_begin()
        for _ in 0..<(reference ? 1 : 10) {
            if scene { try context.runChanged() } else { try context.run() }
        }
        return allocations_end()
    }

    static func expectNone(_ file: String, threads: Int, reference: Bool = false, scene: Bool = false) {
        do {
            let count = try count(file, threads: threads, reference: reference, scene: scene)
            #expect(count == 0, "\(file) on \(threads) threads")
        } catch {
            Issue.record(error)
        }
    }

    @Test func countingCounts() async {
        await #expect(processExitsWith: .success) {
            allocations_begin()
            let made = UnsafeMutablePointer<Int>.allocate(capacity: 5)
            let counted = allocations_end()
            made.deallocate()
            #expect(counted >= 1)
        }
    }

    @Test func runsOfInt8Allocate0() async {
        await #expect(processExitsWith: .success) {
            for threads in [1, 2, 3] { AllocationTests.expectNone("small.int8.onnx", threads: threads) }
            AllocationTests.expectNone("small.int8.onnx", threads: 2, scene: true)
        }
    }

    @Test func runsOfFloatAllocate0() async {
        await #expect(processExitsWith: .success) {
            for threads in [1, 2, 3] { AllocationTests.expectNone("small.onnx", threads: threads) }
            AllocationTests.expectNone("small.onnx", threads: 2, scene: true)
        }
    }

    @Test func runsOfReferencesAllocate0() async {
        await #expect(processExitsWith: .success) {
            AllocationTests.expectNone("small.int8.onnx", threads: 1, reference: true)
        }
    }
}
