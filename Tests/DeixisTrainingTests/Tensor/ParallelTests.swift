import CDeixisSystem
@testable import DeixisTraining
import Testing

@Suite(.serialized) struct ParallelTests {
    @Test func runsEveryChunkOnce() {
        for chunks in [1, 2, 3, 17, 1000] {
            for _ in 0..<50 {
                var counts = [Int32](repeating: 0, count: chunks)
                counts.withUnsafeMutableBufferPointer { counts in
                    let base = counts.baseAddress
                    parallelChunks(chunks) { base?[$0] += 1 }
                }
                #expect(counts.allSatisfy { $0 == 1 })
            }
        }
    }

    @Test func threadsThatCannotBeHadAreAnError() throws {
        let before = Backend.threadCount
        defer { try? Backend.setThreadCount(before) }
        for count in [0, -3, 5000] {
            let error = #expect(throws: TrainingError.self) { try Backend.setThreadCount(count) }
            #expect(error?.description == "\(count) threads: expected 1 to 1024")
        }
        #expect(Backend.threadCount == before)
        try Backend.setThreadCount(3)
        #expect(Backend.threadCount == 3)
        #expect(Backend.usableCores == Int(deixis_usable_cores()))
        #expect(
            TrainingError.threads(900, code: 11).description
                == "900 threads cannot be started: Resource temporarily unavailable")
    }

    /// Halves of the smallest normal number, on every thread of the pool.
    private func halves() -> [Float] {
        var result = [Float](repeating: -1, count: 400)
        var smallest = Float.leastNormalMagnitude
        withUnsafeMutablePointer(to: &smallest) { smallest in
            result.withUnsafeMutableBufferPointer { result in
                let base = result.baseAddress, from = UnsafeRawPointer(smallest)
                // Read inside, so that it is the CPU which halves and not the compiler.
                parallelChunks(400) { base?[$0] = from.load(as: Float.self) * 0.5 }
            }
        }
        return result
    }

    @Test func subnormalsAreFlushedInsideAndOnlyThere() throws {
        struct Stop: Error {}
        let before = Backend.threadCount
        defer { try? Backend.setThreadCount(before) }
        for threads in [1, 2, 4] {
            try Backend.setThreadCount(threads)
            let mode = deixis_float_mode()
            #expect(halves().allSatisfy { $0 == .leastNormalMagnitude / 2 && $0.isSubnormal })
            #expect(Backend.flushingSubnormals { halves() }.allSatisfy { $0 == 0 })
            #expect(throws: Stop.self) { try Backend.flushingSubnormals { () throws(Stop) in throw Stop() } }
            #expect(deixis_float_mode() == mode)
            #expect(halves().allSatisfy { $0.isSubnormal })
        }
    }
}
