import DeixisFiles
import Foundation
import Testing

@Suite struct InputFileTests {
    @Test func readsAtAnyPlace() throws {
        let folder = try Folder(), path = try folder.write("0123456789", "digits"), file = try InputFile(path)
        #expect(file.size == 10)
        #expect(try file.bytes(at: 3, count: 4) == Array("3456".utf8))
        #expect(try file.bytes(at: 10, count: 0) == [])
        #expect(throws: FileError.truncated(path: path)) { try file.bytes(at: 8, count: 3) }
        #expect(try readFile(path, limit: 10).count == 10)
        #expect(throws: FileError.tooLarge(path: path, byteCount: 10, limit: 9)) { try readFile(path, limit: 9) }
    }

    @Test func refusesWhatIsNoFile() throws {
        let folder = try Folder(), pipe = folder.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        for (path, code) in [
            (folder.path("none"), ENOENT), (folder.path, EISDIR), ("/dev/zero", EINVAL), (pipe, EINVAL),
        ] {
            #expect(throws: FileError.system(.read, path: path, code: code)) { try InputFile(path) }
        }
    }

    @Test func makesFoldersAndAppends() throws {
        let folder = try Folder(), deep = folder.path("a/b/c")
        try makeFolder(deep)
        try makeFolder(deep + "/")
        try appendToFile(deep + "/log", Array("one\n".utf8))
        try appendToFile(deep + "/log", Array("two\n".utf8))
        #expect(try folder.text("a/b/c/log") == "one\ntwo\n")
        #expect(exists(deep) && !exists(deep + "/none"))
        #expect(throws: FileError.system(.makeFolder, path: deep + "/log", code: ENOTDIR)) {
            try makeFolder(deep + "/log")
        }
        #expect(throws: FileError.system(.makeFolder, path: deep + "/log/x", code: ENOTDIR)) {
            try makeFolder(deep + "/log/x")
        }
    }
}
