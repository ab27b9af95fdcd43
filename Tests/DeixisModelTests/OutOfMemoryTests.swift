import CAllocations
import DeixisGraph
import DeixisInput
import DeixisRuntime
import Foundation
import Glibc
import Testing

@testable import DeixisModel

/// Memory that is short when a model is loaded, planned or asked is an error that says so: at every request that
/// loading and two answers make, the process goes on, loses nothing, and the same question is answered when there is
/// memory again.
///
/// Requests are those for weights, tables, activations and mapped files. Objects, strings and arrays of Swift come from
/// its own allocator, which ends the process where there is nothing left. What is as large as a file says is therefore
/// asked for first (`OutOfMemory.check`); what stays is bookkeeping, some hundred bytes a node: names, shapes, lists of
/// steps. libdeixis has a reserve for that: LibraryMemoryTests.
@Suite(.enabled(if: allocations_are_counted(), "a sanitizer brings its own allocator")) struct OutOfMemoryTests {
    struct Answer: Equatable {
        var boxes: [NormalizedBox] = []

        init(_ path: String, _ picture: RGBImage, _ threads: Int) throws(ModelError) {
            var options = SessionOptions()
            options.threads = threads
            let model = try GroundingModel(path: path, options: options)
            boxes.append(try model.ground(picture, "the red star").normalizedBox)
            let scene = try model.scene(picture)
            for sentence in ["the blue ring", "the red star left of the green circle"] {
                boxes.append(try scene.ground(sentence).normalizedBox)
            }
        }
    }

    static func isOutOfMemory(_ error: ModelError) -> Bool {
        switch error {
        case .runtime(_, .outOfMemory), .runtime(_, .threads(_, code: ENOMEM)): true
        default: false
        }
    }

    /// One of how many requests is refused, beside the first ten; DEIXIS_REFUSAL_STEP=1 tries all, for minutes.
    static let step = Int(ProcessInfo.processInfo.environment["DEIXIS_REFUSAL_STEP"] ?? "") ?? 61

    /// Refuses request 1, 2, 3 ... until none is left to refuse. Returns how many there were.
    static func refuseEach(_ path: String, threads: Int) throws -> Int {
        let picture = try GroundingModelTests.picture(128, 128), expected = try Answer(path, picture, threads)
        var number = 1
        while true {
            var before = allocations_live()
            // What is made once for the process is made in the first round; the two that follow must lose nothing.
            for round in 0..<(number % 4 == 1 ? 3 : 1) {
                allocations_refuse(number)
                do throws(ModelError) {
                    let answer = try Answer(path, picture, threads)
                    // Done without what was refused.
                    #expect(answer == expected, "request \(number) of \(path)")
                } catch {
                    #expect(isOutOfMemory(error), "request \(number) of \(path): \(error)")
                }
                guard allocations_were_refused() else { return number - 1 }
                if round == 0 { before = allocations_live() }
                if round == 2 {
                    #expect(
                        allocations_live() == before,
                        "request \(number) of \(path): \(allocations_live() - before) blocks lost in 2 rounds")
                }
            }
            number += number < 10 ? 1 : step
        }
    }

    /// One model goes on after every error.
    static func refuseAndAsk(_ path: String) throws {
        let picture = try GroundingModelTests.picture(128, 128)
        var options = SessionOptions()
        (options.threads, options.plannedShapes) = (1, 2)
        let expected = try GroundingModel(path: path, options: options).ground(picture, "the red star").normalizedBox
        var number = 1
        while number < 10_000 {
            let model = try GroundingModel(path: path, options: options)
            allocations_refuse(number)
            do throws(ModelError) {
                _ = try model.ground(picture, "the red star")
                _ = try model.scene(picture).ground("a ring")
            } catch {
                #expect(isOutOfMemory(error), "request \(number) of \(path): \(error)")
            }
            let wasRefused = allocations_were_refused()
            #expect(
                try model.ground(picture, "the red star").normalizedBox == expected,
                "after request \(number) of \(path)")
            #expect(
                try model.scene(picture).ground("the red star").normalizedBox == expected,
                "after request \(number) of \(path)")
            if !wasRefused { return }
            number += number < 10 ? 1 : step
        }
        Issue.record("no end")
    }

    /// The int8 model, for sentences of the lengths that are asked.
    static func compile(_ path: String) throws {
        var options = SessionOptions()
        options.plannedShapes = 50
        let session = try Session(try Model.load(BundledModelTests.path("small.int8.onnx")), options: options),
            context = session.makeContext()
        for length in 3...40 {
            try context.prepare(session.inputNames.map { "\($0)" == "image" ? [1, 128, 128, 3] : [1, length] })
        }
        try session.compile(to: path)
    }

    static func expectErrors(_ path: String) {
        do {
            for threads in [1, 2] {
                let count = try refuseEach(path, threads: threads)
                #expect(count > 5, "\(path): \(count) requests")
            }
            try refuseAndAsk(path)
        } catch {
            Issue.record(error)
        }
    }

    @Test func float() async {
        await #expect(processExitsWith: .success) {
            OutOfMemoryTests.expectErrors(BundledModelTests.path("small.onnx"))
        }
    }

    @Test func int8() async {
        await #expect(processExitsWith: .success) {
            OutOfMemoryTests.expectErrors(BundledModelTests.path("small.int8.onnx"))
        }
    }

    @Test func compiled() async {
        await #expect(processExitsWith: .success) {
            do {
                let path = "/tmp/deixis-out-of-memory-\(UInt64.random(in: 0...UInt64.max)).deixis"
                defer { unlink(path) }
                try OutOfMemoryTests.compile(path)
                OutOfMemoryTests.expectErrors(path)
            } catch {
                Issue.record(error)
            }
        }
    }

    // MARK: A process that may not grow

    /// A model whose one weight is a list of `byteCount` zero bytes in field `field` of its tensor; a file without
    /// blocks.
    static func listed(_ path: String, field: UInt8, type: UInt8, count: Int, byteCount: Int) -> Bool {
        func varint(_ value: Int) -> [UInt8] {
            value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
        }
        let tensor = [8] + varint(count) + [16, type, field << 3 | 2] + varint(byteCount)
        let graph = [0x2A] + varint(tensor.count + byteCount) + tensor
        let head = [8, 8, 0x42, 2, 16, 17, 0x3A] + varint(graph.count + byteCount) + graph
        guard let file = fopen(path, "wb") else { return false }
        defer { fclose(file) }
        return fwrite(head, 1, head.count, file) == head.count && fflush(file) == 0
            && ftruncate(fileno(file), head.count + byteCount) == 0
    }

    @Test("Weights written as lists are asked for before they are read") func lists() async {
        await #expect(processExitsWith: .success) {
            let path = "/tmp/deixis-list-\(UInt64.random(in: 0...UInt64.max)).onnx"
            defer { unlink(path) }
            for (field, type, count, byteCount) in [
                (4, 1, 1 << 28, 1 << 30), (5, 2, 1 << 27, 1 << 27), (7, 7, 1 << 27, 1 << 27),
                (10, 11, 1 << 27, 1 << 30),
            ] {
                try #require(
                    OutOfMemoryTests.listed(
                        path, field: UInt8(field), type: UInt8(type), count: count, byteCount: byteCount))
                // Room for the file, not for its numbers: a gigabyte.
                var pages = 0
                if let statm = fopen("/proc/self/statm", "r") {
                    withUnsafeMutablePointer(to: &pages) { _ = withVaList([$0]) { vfscanf(statm, "%ld", $0) } }
                    fclose(statm)
                }
                let most = UInt(pages) * UInt(getpagesize()) + UInt(byteCount) + 1 << 27
                var limit = rlimit()
                getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
                limit.rlim_cur = most
                setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
                do throws(RuntimeError) {
                    _ = try Model.load(path)
                    Issue.record("field \(field) was read")
                } catch {
                    guard case .outOfMemory = error else { Issue.record("field \(field): \(error)"); continue }
                }
            }
        }
    }
}
