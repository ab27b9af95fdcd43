import DeixisFiles
import Foundation
import Testing

/// Nothing that was there before is lost, whatever goes wrong.
@Suite struct ReplacingFileTests {
    @Test func replacesOnlyOnCommit() throws {
        let folder = try Folder(), path = folder.path("log.txt")
        do {
            let file = try ReplacingFile(path: path)
            try file.write(Array("first".utf8))
            try file.commit()
        }
        #expect(try folder.text("log.txt") == "first")
        do {
            let file = try ReplacingFile(path: path)
            try file.write(Array("second".utf8))
            #expect(try folder.names.count == 2)
        }
        #expect(try folder.text("log.txt") == "first")
        #expect(try folder.names == ["log.txt"])
        try replaceFile(path, with: Array("third".utf8), durable: false)
        #expect(try folder.text("log.txt") == "third")
    }

    @Test func twoWritersDoNotMix() throws {
        let folder = try Folder(), path = folder.path("log.txt")
        let one = try ReplacingFile(path: path)
        let two = try ReplacingFile(path: path)
        try one.write([UInt8](repeating: 1, count: 300_000))
        try two.write([UInt8](repeating: 2, count: 10))
        try two.commit()
        try one.commit()
        #expect(try readFile(path) == [UInt8](repeating: 1, count: 300_000))
        #expect(try folder.names == ["log.txt"])
    }

    @Test func aLinkStaysAndItsTargetIsReplaced() throws {
        let folder = try Folder()
        _ = try folder.write("old", "target")
        let link = try folder.link("link", to: "target"), chain = try folder.link("chain", to: link)
        try replaceFile(chain, with: Array("new".utf8))
        #expect(try folder.text("target") == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "target")
        // One that leads to nothing yet makes what it leads to.
        let early = try folder.link("early", to: "later")
        try replaceFile(early, with: Array("made".utf8))
        #expect(try folder.text("later") == "made")
        #expect(try folder.names == ["chain", "early", "later", "link", "target"])
        let ring = try folder.link("ring", to: "ring")
        #expect(throws: FileError.system(.write, path: ring, code: ELOOP)) { try replaceFile(ring, with: []) }
    }

    @Test func aFileThatIsNotToBeKeptReplacesNone() throws {
        let folder = try Folder()
        _ = try folder.write("old", "target")
        #expect(chmod(folder.path("target"), 0o640) == 0)
        let link = try folder.link("link", to: "target")
        struct No: Error {}
        #expect(throws: No.self) {
            try replaceFile(link) { new in
                try replaceFile(new, with: Array("bad".utf8))
                throw No()
            }
        }
        #expect(throws: FileError.self) { try replaceFile(link) { _ in } }
        #expect(try folder.text("target") == "old" && folder.names == ["link", "target"])
        try replaceFile(link) { new in try replaceFile(new, with: Array("good".utf8)) }
        #expect(try folder.text("target") == "good" && folder.names == ["link", "target"])
        #expect(
            try FileManager.default.attributesOfItem(atPath: folder.path("target"))[.posixPermissions] as? Int == 0o640)
    }

    @Test func otherNamesOfTheOldFileKeepItsBytes() throws {
        let folder = try Folder(), path = try folder.write("old", "one")
        try FileManager.default.linkItem(atPath: path, toPath: folder.path("two"))
        try replaceFile(path, with: Array("new".utf8))
        #expect(try folder.text("one") == "new" && folder.text("two") == "old")
    }

    @Test func permissionsAreKeptAndNewFilesFollowTheMask() throws {
        let folder = try Folder(), path = try folder.write("old", "file")
        #expect(chmod(path, 0o604) == 0)
        try replaceFile(path, with: [])
        func mode(_ path: String) throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }
        #expect(try mode(path) == 0o604)
        try replaceFile(folder.path("made"), with: [])
        let plain = open(folder.path("plain"), O_CREAT | O_WRONLY, 0o666)
        close(plain)
        #expect(try mode(folder.path("made")) == mode(folder.path("plain")))
    }

    @Test func aNameOfFullLengthWorks() throws {
        let folder = try Folder(), name = String(repeating: "n", count: 255)
        try replaceFile(folder.path(name), with: Array("x".utf8))
        #expect(try folder.names == [name])
        #expect(throws: FileError.system(.write, path: folder.path(name + "n"), code: ENAMETOOLONG)) {
            try replaceFile(folder.path(name + "n"), with: [])
        }
    }

    @Test func refusesWhatIsNoFile() throws {
        let folder = try Folder()
        #expect(throws: FileError.system(.write, path: ".", code: EISDIR)) { try ReplacingFile(path: ".") }
        #expect(throws: FileError.system(.write, path: "/dev/null", code: EINVAL)) {
            try ReplacingFile(path: "/dev/null")
        }
        let missing = folder.path("no/such/folder/x"), slash = folder.path("new/")
        #expect(throws: FileError.system(.write, path: missing, code: ENOENT)) { try ReplacingFile(path: missing) }
        #expect(throws: FileError.system(.write, path: slash, code: EISDIR)) { try ReplacingFile(path: slash) }
        #expect(try folder.names == [])
    }

    @Test func textGoesThroughDevicesAndPipes() throws {
        let folder = try Folder(), pipe = folder.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        let reader = open(pipe, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try writeText("through", to: pipe)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(reader, &bytes, bytes.count)
        #expect(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self) == "through")
        #expect(throws: FileError.system(.write, path: "/dev/full", code: ENOSPC)) {
            try writeText("x", to: "/dev/full")
        }
        #expect(try folder.names == ["pipe"])
    }
}
