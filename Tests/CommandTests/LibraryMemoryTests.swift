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
        let run = try launch(program, [try TinyModel.write()] + picture.arguments)
        #expect(run.code == 0, "\(run.errors)")
        let counts = run.output.split(separator: "\n").compactMap { Int($0) }
        try #require(counts.count == 2, "\(run.output)")
        // The file, packed weights, plans' arenas: each is a request, and most of them are needed.
        #expect(counts[0] > 5 && counts[1] > 5, "\(counts[0]) requests, \(counts[1]) failures")
    }
}
