import Foundation

/// Programs run as a person or a script runs them.
struct Finished {
    let code: Int32
    let output: String
    let errors: String
}

/// The folder that holds this test's executable and the commands built with it.
let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
    .standardizedFileURL

func launch(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Finished {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    // Files, not pipes: nothing can fill up while the other is read.
    let folder = try makeFolder()
    let files = ["out", "err"].map { folder.appendingPathComponent($0) }
    for file in files { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    try FileManager.default.removeItem(at: folder)
    // A signal must not look like an exit code.
    let code = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    return Finished(code: code, output: texts[0], errors: texts[1])
}

func deixis(_ arguments: String...) throws -> Finished { try deixis(arguments) }

func deixis(_ arguments: [String]) throws -> Finished {
    try launch(products.appendingPathComponent("deixis").path, arguments)
}

func makeFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("deixis-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}

/// The path of the first of `names` on PATH, nil if there is none.
func find(_ names: String...) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    for name in names {
        for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
            return "\(folder)/\(name)"
        }
    }
    return nil
}
