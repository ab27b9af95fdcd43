import DeixisExport
import DeixisFiles
import DeixisGraph
import Foundation
import Testing

/// Nothing that was there before is lost, whatever goes wrong.
@Suite(.serialized) struct FullDiskTests {
    /// A limit on file sizes makes `write` fail in the middle as a full disk does. It holds for the whole process, so
    /// this suite is the only one that sets it, and it is lifted at once.
    @Test func fullDiskLeavesTheOldFile() throws {
        let path = temporaryPath()
        let old = try ONNXFile.bytes(of: sampleGraph())
        try ONNXFile.write(sampleGraph(), to: path)
        var graph = sampleGraph()
        _ = graph.addConstant("large", Constant(.uint8, [64 << 20], [UInt8](repeating: 7, count: 64 << 20)))

        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        var tight = limit
        tight.rlim_cur = 48 << 20
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &tight)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) }
        #expect(throws: ExportError.file(.system(.write, path: path, code: EFBIG))) {
            try ONNXFile.write(graph, to: path)
        }
        #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == old)
        #expect(folderContents(of: path) == ["model.onnx"])
    }

    @Test func wordingOfAFullDisk() {
        let error = ExportError.file(.system(.write, path: "out/model.onnx", code: ENOSPC))
        #expect(error.description == "cannot write out/model.onnx: No space left on device")
    }

    @Test func tooLargeIsRefusedBeforeWriting() throws {
        // Two gigabytes that no page of memory backs: a mapping is never touched, only counted.
        let byteCount = 1 << 31
        let mapping = try #require(mmap(nil, byteCount, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))
        let address = UInt(bitPattern: mapping)
        let storage = ByteStorage(bytes: UnsafeRawBufferPointer(start: mapping, count: byteCount)) {
            munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
        }
        var graph = sampleGraph()
        _ = graph.addConstant(
            "huge", Constant(type: .uint8, shape: [byteCount], storage: storage, range: 0..<byteCount))
        let path = temporaryPath()
        let error = #expect(throws: ExportError.self) { try ONNXFile.write(graph, to: path) }
        let text = try #require(error).description
        #expect(text.hasPrefix("cannot write \(path): the model needs 21474"))
        #expect(text.hasSuffix("bytes, an ONNX file ends at 2147483647"))
        #expect(folderContents(of: path) == [])
    }
}
