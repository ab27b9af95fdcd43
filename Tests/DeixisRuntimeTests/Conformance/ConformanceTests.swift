import Foundation
import Testing

@testable import DeixisRuntime

// Manifests list the cases that pass, one a line. A case that is listed must pass on the graph as read and on the
// optimized graph; one that is not must be refused with a typed error: never a wrong number, never a crash. To write a
// manifest anew after adding operators: DEIXIS_WRITE_MANIFEST=1 swift test --filter ConformanceTests

/// Cases of ONNX 1.12 whose data is wrong: it stores bfloat16 as uint16 and cuts it off where the standard, newer data
/// and we round.
private let wrongData = ["test_cast_FLOAT_to_BFLOAT16"]
private let debianCases = "/usr/share/libonnx-testdata/data/node"
/// A folder of cases that tools/oracles/conformance.py made from the newest `onnx` package.
private let newestCases = ProcessInfo.processInfo.environment["DEIXIS_ONNX_NODE_TESTS"]

@Suite(.serialized) struct ConformanceTests {
    /// ONNX 1.12, Debian package libonnx-testdata.
    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: debianCases), "Debian package libonnx-testdata is not installed")
    )
    func onnx112() throws {
        try check(folder: debianCases, manifest: "onnx-1.12.txt")
    }

    /// Whole networks of opsets 6 to 12, as PyTorch and ONNX's own tests wrote them; the same package.
    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: debianCases), "Debian package libonnx-testdata is not installed"),
        arguments: ["simple", "pytorch-operator", "pytorch-converted"])
    func oldNetworks(_ set: String) throws {
        try check(
            folder: URL(filePath: debianCases).deletingLastPathComponent().path + "/" + set, manifest: "\(set).txt")
    }

    @Test(.enabled(if: newestCases != nil, "DEIXIS_ONNX_NODE_TESTS names no folder"))
    func newestONNX() throws {
        try check(folder: newestCases ?? "", manifest: "onnx-newest.txt")
    }

    private func check(folder: String, manifest: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: manifest)
        let listed = Set(
            (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").map(String.init) ?? [])
        let writing = ProcessInfo.processInfo.environment["DEIXIS_WRITE_MANIFEST"] != nil
        let only = ProcessInfo.processInfo.environment["DEIXIS_ONLY_CASE"]
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("test_") && !(manifest == "onnx-1.12.txt" && wrongData.contains($0)) }.sorted()
        #expect(!names.isEmpty)
        var passed: [String] = [], refusals: [String] = []
        for name in names where only == nil || name == only {
            if ProcessInfo.processInfo.environment["DEIXIS_TRACE_CASES"] != nil {
                FileHandle.standardError.write(Data("\(name)\n".utf8))
            }
            let test = ConformanceCase(folder: folder + "/" + name)
            let outcomes = [
                test.outcome(optimize: false), test.outcome(optimize: true),
                test.outcome(optimize: false, referenceOnly: true),
            ]
            if outcomes == [.passed, .passed, .passed] {
                passed.append(name)
                if !writing, !listed.contains(name) { Issue.record("\(name) passes and is not listed") }
                continue
            }
            for (outcome, mode) in zip(outcomes, ["as read", "optimized", "reference"]) {
                switch outcome {
                case .passed: Issue.record("\(name): passes \(mode), but not otherwise")
                case .refused(let message):
                    if listed.contains(name), !writing { Issue.record("\(name) \(mode): refused: \(message)") }
                    if mode == "as read" { refusals.append("\(name): \(message)") }
                case .wrong(let difference): Issue.record("\(name) \(mode): \(difference)")
                }
            }
        }
        print("conformance \(manifest): \(names.count) cases, \(passed.count) pass, \(refusals.count) are refused")
        if only != nil { return }
        if let path = ProcessInfo.processInfo.environment["DEIXIS_LIST_REFUSALS"] {
            try refusals.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        if writing {
            try (passed.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(listed.subtracting(names).isEmpty, "listed cases that do not exist")
            #expect(passed.count == listed.count)
        }
        #expect(passed.count + refusals.count == names.count)
    }
}
