import DeixisGraph
import DifferentialGraphs
import Foundation
import Testing

/// 2,000 random graphs, run in every way there is (tools/differential for more).
@Suite struct DifferentialTests {
    static let graphs: UInt64 = 2000, seed: UInt64 = 1

    @Test(arguments: 0..<8)
    func everyWayAgrees(part: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "deixis-differential-\(getpid())-\(part)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let differential = Differential(folder: folder.path)
        var valid = 0
        for number in UInt64(part) * Self.graphs / 8..<UInt64(part + 1) * Self.graphs / 8 {
            switch differential.check(Generator.make(seed: Self.seed, number: number), number: number) {
            case .agrees: valid += 1
            case .invalid: break
            case .differs(let difference):
                Issue.record(
                    "graph \(number): \(difference); tools/differential --seed \(Self.seed) --from \(number) --graphs 1"
                )
            }
        }
        #expect(valid > Int(Self.graphs) / 8 * 9 / 10)
    }
}
