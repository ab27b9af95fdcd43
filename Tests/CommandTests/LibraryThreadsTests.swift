import Foundation
import TestSupport
import Testing

/// libdeixis under many threads of a host, and in a child that the host forks.
@Suite struct LibraryThreadsTests {
    @Test(
        .enabled(if: LibraryTests.isBuilt, "run tools/build-libdeixis first"),
        arguments: ["small.onnx", "small.int8.onnx"])
    func threadsAndChildrenShareAModel(file: String) throws {
        let compiler = try #require(find("cc", "gcc", "clang"))
        let folder = try makeFolder(), program = folder.appendingPathComponent("threads").path
        let built = try launch(
            compiler,
            [
                "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", root.path + "/Sources/CDeixis/include",
                LibraryTests.fixtures.path + "/threads.c", LibraryTests.library, "-o", program, "-pthread",
                "-Wl,-rpath," + (LibraryTests.library as NSString).deletingLastPathComponent,
            ])
        try #require(built.code == 0, "\(built.errors)")
        let picture = try LibraryTests.Picture(in: folder)
        let run = try launch(
            program,
            [root.path + "/Sources/DeixisModel/Bundled/" + file] + picture.arguments + [
                "the red star", "the blue ring left of the red star", "circle", "the largest green square on the right",
            ])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.hasSuffix(" 0 wrong\n"), "\(run.output) \(run.errors)")
    }
}
