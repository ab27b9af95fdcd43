import Foundation
import FuzzTargets
import Testing

/// What fuzzers found once falls no more: `Inputs/<target>/` holds small inputs that ended the process, never ended, or
/// wrote where they should not; `tools/test --sanitize address` sees what an ordinary run does not.
@Suite(.serialized) struct ReplayTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Inputs")

    static func files(_ target: String) -> [URL] {
        let found = try? FileManager.default.contentsOfDirectory(
            at: folder.appendingPathComponent(target), includingPropertiesForKeys: nil)
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

    @Test("Graphs of random bytes are run, most of them") func graphsAreRun() throws {
        let graph = try #require(FuzzTarget.named("graph")), reach = try #require(graph.reach)
        let ran = graph.seeds().count { reach($0) == .ran }
        #expect(ran > graph.seeds().count / 2, "\(ran) of \(graph.seeds().count)")
    }

    @Test("Compiled files get past their checksum, changed ones too") func compiledFilesAreRun() throws {
        let compiled = try #require(FuzzTarget.named("compiled")), reach = try #require(compiled.reach)
        let seeds = compiled.seeds()
        #expect(seeds.count == 4 && seeds.allSatisfy { reach($0) == .ran })
        var loaded = 0, tried = 0
        for seed in seeds {
            // Past the header, in the index.
            for at in stride(from: 64, to: seed.count - 8, by: 97) {
                var changed = seed
                changed[at] ^= 1
                tried += 1
                if reach(changed) > .refused { loaded += 1 }
            }
        }
        #expect(loaded > tried / 4, "\(loaded) of \(tried)")
    }

    @Test("No folder of inputs is left without a target") func foldersHaveTargets() throws {
        for folder in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path) where !folder.hasPrefix(".")
        {
            #expect(FuzzTarget.named(folder) != nil, "\(folder)")
        }
    }
}
