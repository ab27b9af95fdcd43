import Foundation
import TestSupport
import Testing

/// libdeixis where memory is short: `DEIXIS_OUT_OF_MEMORY` from the call that needed it, and the same answers when
/// there is memory again.
@Suite struct LibraryMemoryTests {
    @Test(.enabled(if: LibraryTests.isBuilt, "run tools/build-libdeixis first")) func everyRequestMayBeRefused() throws
    {
        let compiler = try #require(find("cc", "gcc", "clang"))
        let folder = try makeFolder(), program = folder.appendingPathComponent("out_of_memory").path
        let built = try launch(
            compiler,
            [
                "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", root.path + "/Sources/CDeixis/include",
                LibraryTests.fixtures.path + "/out_of_memory.c", LibraryTests.library, "-o", program,
                "-Wl,-rpath," + (LibraryTests.library as NSString).deletingLastPathComponent,
            ])
        try #require(built.code == 0, "\(built.errors)")
        let picture = try LibraryTests.Picture(in: folder)
        let bundled = root.appendingPathComponent("Sources/DeixisModel/Bundled/small.int8.onnx").path
        for (model, step) in [(try TinyModel.write(), 61), (bundled, 9973)] {
            let run = try launch(program, [model] + picture.arguments + ["\(step)"])
            #expect(run.code == 0, "\(run.errors)")
            let counts = run.output.split(separator: "\n").compactMap { Int($0) }
            try #require(counts.count == 2, "\(run.output)")
            // Not only weights and arenas: each object, string and array of Swift is a request.
            #expect(counts[0] > 1000, "\(model): \(counts[0]) requests")
            #expect(counts[1] > 10, "\(model): \(counts[1]) failures")
        }
    }
}
