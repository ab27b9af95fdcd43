import DeixisFiles
import Foundation
import Testing

/// What would replace an input is refused under every name it can have.
@Suite struct OutputsTests {
    @Test func anInputIsKnownByWhateverName() throws {
        let folder = try Folder(), input = try folder.write("model", "m.onnx")
        try FileManager.default.createDirectory(atPath: folder.path("sub"), withIntermediateDirectories: true)
        try FileManager.default.linkItem(atPath: input, toPath: folder.path("hard"))
        let soft = try folder.link("soft", to: "m.onnx"), chain = try folder.link("chain", to: soft)
        for name in [input, folder.path("sub/../m.onnx"), folder.path("hard"), soft, chain] {
            #expect(throws: FileError.outputIsInput(option: "--out", path: name, input: input)) {
                try Outputs(("--report", nil), ("--out", name)).check(against: [folder.path("other"), input])
            }
            // The other way round: the input is the link.
            #expect(throws: FileError.outputIsInput(option: "--out", path: input, input: name)) {
                try Outputs(("--out", input)).check(against: [name])
            }
        }
        #expect(try folder.text("m.onnx") == "model")
        try Outputs(("--out", folder.path("new")), ("--json", folder.path("other"))).check(against: [
            input, folder.path("none"),
        ])
    }

    @Test func twoOutputsMustDiffer() throws {
        let folder = try Folder(), link = try folder.link("link", to: "new"), new = folder.path("new")
        for other in [new, folder.path("./new"), link] {
            #expect(throws: FileError.outputTwice(option: "--html", path: other, other: "--json")) {
                try Outputs(("--json", new), ("--html", other)).check(against: [])
            }
        }
        // Devices are written to one after the other.
        try Outputs(("--json", "/dev/null"), ("--html", "/dev/null")).check(against: ["/dev/null"])
    }

    @Test func aNameThatIsNone() {
        #expect(throws: FileError.badName(option: "--out", path: "")) { try Outputs(("--out", "")).check(against: []) }
        #expect(throws: FileError.badName(option: "--out", path: "-")) {
            try Outputs(("--out", "-")).check(against: [])
        }
    }

    @Test func whatCannotBeWrittenIsKnownBefore() throws {
        let folder = try Folder(), old = try folder.write("old", "old")
        try Outputs(("--out", old), ("--json", folder.path("new"))).mustBeReplaceable()
        #expect(try folder.names == ["old"] && folder.text("old") == "old")
        for (path, code) in [
            (folder.path("no/such"), ENOENT), (folder.path, EISDIR), ("/dev/null", EINVAL), (old + "/x", ENOTDIR),
        ] {
            #expect(throws: FileError.system(.write, path: path, code: code)) {
                try Outputs(("--out", path)).mustBeReplaceable()
            }
        }
        try Outputs(("--json", "/dev/null")).mustBeWritable()
        #expect(throws: FileError.system(.write, path: folder.path, code: EISDIR)) {
            try Outputs(("--json", folder.path)).mustBeWritable()
        }
    }

    @Test(
        arguments: [
            (FileError.system(.read, path: "a", code: ENOENT), "cannot read a: No such file or directory", 66),
            (.system(.write, path: "a", code: EACCES), "cannot write a: Permission denied", 73),
            (.system(.write, path: "a", code: EISDIR), "cannot write a: it is a folder", 73),
            (.system(.write, path: "a", code: EINVAL), "cannot write a: it is not a regular file", 73),
            (.system(.write, path: "a", code: ENOSPC), "cannot write a: No space left on device", 74),
            (
                .system(.makeFolder, path: "a", code: ENOTDIR),
                "cannot make the folder a: something else has that name", 73
            ),
            (.tooLarge(path: "a", byteCount: 9, limit: 8), "cannot read a: it has 9 bytes; expected at most 8", 66),
            (.truncated(path: "a"), "cannot read a: it ended while it was read", 66),
            (.badName(option: "--out", path: ""), "--out: the name of the file is empty", 64),
            (
                .badName(option: "--out", path: "-"),
                "--out -: expected the name of a file; a file of that name is ./-, standard output /dev/stdout", 64
            ),
            (
                .outputIsInput(option: "--out", path: "a", input: "a"),
                "--out a would replace what is read; name another file", 64
            ),
            (
                .outputIsInput(option: "--out", path: "a", input: "b"),
                "--out a would replace b, which is read; name another file", 64
            ),
            (
                .outputTwice(option: "--html", path: "a", other: "--json"),
                "--html a is the file that --json writes; name another file", 64
            ),
        ] as [(FileError, String, Int32)]) func wording(error: FileError, text: String, code: Int32)
    {
        #expect(error.description == text && error.exitCode == code)
    }
}
