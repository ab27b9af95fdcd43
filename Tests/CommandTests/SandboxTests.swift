import CAllocations
import DeixisImage
import DeixisInput
import Foundation
import TestSupport
import Testing

/// A shell whose /proc is an empty folder; nil where the system does not permit that.
private let shellWithoutProc: [String]? = {
    guard let unshare = find("unshare"), let folder = try? makeFolder().path else { return nil }
    for options in [["-m"], ["-rm"]] {
        let command =
            [unshare] + options + [
                "/bin/sh", "-c", "mount --bind '\(folder)' /proc && [ ! -e /proc/self ] && exec \"$@\"", "sh",
            ]
        if let tried = try? launch(command[0], Array(command.dropFirst()) + ["true"]), tried.code == 0 {
            return command
        }
    }
    return nil
}()

/// Commands where nothing is mounted on /proc, as in some sandboxes: they know their arguments, find each other, and
/// say what is not told.
@Suite(
    .enabled(if: shellWithoutProc != nil, "this system does not let a test hide /proc (unshare, mount)"),
    .enabled(if: allocations_are_counted(), "a sanitizer reads /proc"))
struct SandboxTests {
    func run(_ program: String, _ arguments: String...) throws -> Finished {
        let shell = try #require(shellWithoutProc)
        return try launch(
            shell[0], Array(shell.dropFirst()) + [products.appendingPathComponent(program).path] + arguments)
    }

    @Test func argumentsArrive() throws {
        let model = try TinyModel.write(), picture = try makeFolder().appendingPathComponent("p.png").path
        try RGBImage(width: 40, height: 30, color: RGB(200, 10, 10)).write(to: picture)
        let found = try run("deixis", "ground", model, picture, "red mug", "--json")
        #expect(found.code == 0 && found.output.contains("\"sentence\": \"red mug\""), "\(found.errors)")
        let wrong = try run("deixis", "frob")
        #expect(wrong.code == 64 && wrong.errors.contains("Unexpected argument 'frob'"), "\(wrong.errors)")
        let version = try run("deixis", "--version")
        #expect(version.code == 0 && version.output == "0.1.0\n")
        let described = try run("deixis-train", "describe", "tiny")
        #expect(described.code == 0 && described.output.contains("head.2"), "\(described.errors)")
        let bad = try run("deixis-train", "describe", "huge")
        #expect(bad.code == 65 && bad.errors.contains("there is no configuration named huge"), "\(bad.errors)")
    }

    @Test func quantizeIsFound() throws {
        let help = try run("deixis", "quantize", "--help")
        #expect(help.code == 0 && help.output.contains("held-out"), "\(help.errors)")
        // Also through a link to `deixis` elsewhere, and by PATH.
        let folder = try makeFolder().path
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/deixis", withDestinationPath: products.appendingPathComponent("deixis").path)
        let linked = try launch("/bin/sh", ["-c", "PATH='\(folder)':$PATH; cd /; deixis quantize --help"])
        #expect(linked.code == 0 && linked.output.contains("held-out"), "\(linked.errors)")
    }

    @Test func memoryThatIsNotToldIsSaid() throws {
        let model = try TinyModel.write(), file = try makeFolder().appendingPathComponent("p.json").path
        let profile = try run("deixis", "profile", model, "--runs", "2", "--no-peaks", "--json", file)
        #expect(profile.code == 0, "\(profile.errors)")
        #expect(
            profile.output.contains("memory measured: anonymous not told, proportional not told, peak resident "),
            "\(profile.output)")
        #expect(!profile.output.contains("peak resident not told"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file))) as? [String: Any])
        let memory = try #require(object["memory"] as? [String: Any])
        #expect(memory["anonymous_bytes"] is NSNull && (memory["peak_resident_bytes"] as? Int ?? 0) > 1 << 20)
    }

    @Test func trainingGoesThrough() throws {
        let folder = try makeFolder().path
        let trained = try run(
            "deixis-train", "train", "--config", "tiny", "--scenes", "--samples", "64", "--held-out", "0", "--out",
            folder + "/run")
        #expect(trained.code == 0, "\(trained.errors)")
        let exported = try run("deixis-train", "export", folder + "/run", "--out", folder + "/m.onnx")
        #expect(exported.code == 0, "\(exported.errors)")
        let inspected = try deixis("inspect", folder + "/m.onnx")
        #expect(inspected.output.contains("train --config tiny --scenes"), "\(inspected.output)")
    }
}
