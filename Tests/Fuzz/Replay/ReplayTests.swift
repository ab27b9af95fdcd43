import Foundation
import FuzzTargets
import Testing

/// What fuzzers found once falls no more: `Inputs/<target>/` holds small inputs that ended the process, never ended, or wrote where they should
/// not; `tools/test --sanitize address` sees what an ordinary run does not.
@Suite(.serialized) struct ReplayTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Inputs")

    static func files(_ target: String) -> [URL] {
        let found = try? FileManager.default.contentsOfDirectory(at: folder.appendingPathComponent(target), includingPropertiesForKeys: nil)
        return (found ?? []).sorted { $0.path < $1.path }
    }

    @Test("Inputs that fell once", arguments: FuzzTarget.all.map(\.name)) func kept(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        for file in Self.files(name) { target.run([UInt8](try Data(contentsOf: file))) }
    }

    @Test("Every target takes its own seeds", arguments: FuzzTarget.all.map(\.name)) func seeds(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        for seed in target.seeds() { target.run(seed) }
    }

    @Test("Changed files of ONNX and graphs of random bytes") func random() throws {
        let graph = try #require(FuzzTarget.named("graph"))
        var random = Random(seed: 1)
        for round in 0..<300 { graph.run((0..<40 + round).map { _ in random.byte() }) }
    }

    @Test("No folder of inputs is left without a target") func foldersHaveTargets() throws {
        for folder in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path) where !folder.hasPrefix(".") {
            #expect(FuzzTarget.named(folder) != nil, "\(folder)")
        }
    }
}
