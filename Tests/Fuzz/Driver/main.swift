// libFuzzer on one of `FuzzTarget.all`; `tools/fuzz` builds and starts it.
//
//   deixis-fuzz TARGET [libFuzzer's arguments]
//   deixis-fuzz --list
//   deixis-fuzz --seeds TARGET FOLDER       writes the target's own seeds
import FuzzTargets
import Glibc

@_silgen_name("LLVMFuzzerRunDriver") func runDriver(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// libFuzzer's own changes of `size` bytes, at most `room` afterwards.
@_silgen_name("LLVMFuzzerMutate") func change(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ room: Int) -> Int

nonisolated(unsafe) var target: FuzzTarget?

@_cdecl("LLVMFuzzerCustomMutator")
func mutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ room: Int, _ seed: UInt32) -> Int {
    guard let made = target?.mutate else { return change(data, size, room) }
    var random = Random(seed: UInt64(seed))
    let result = made(Array(UnsafeBufferPointer(start: data, count: size)), &random) { bytes in
        let room = bytes.count + 64
        var changed = bytes + [UInt8](repeating: 0, count: 64)
        let count = changed.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { change($0, bytes.count, room) } ?? 0
        }
        return Array(changed.prefix(count))
    }
    let count = min(result.count, room)
    for i in 0..<count { data[i] = result[i] }
    return count
}

func fail(_ message: String) -> Never {
    let line = "deixis-fuzz: \(message)\n"
    _ = write(2, line, line.utf8.count)
    exit(64)
}

let arguments = CommandLine.arguments
if arguments.dropFirst().first == "--list" {
    for target in FuzzTarget.all { print(target.name) }
    exit(0)
}
if arguments.count == 4, arguments[1] == "--seeds" {
    guard let target = FuzzTarget.named(arguments[2]) else { fail("no target '\(arguments[2])'") }
    for (i, seed) in target.seeds().enumerated() {
        guard let file = fopen("\(arguments[3])/seed-\(i)", "wb") else { fail("cannot write into \(arguments[3])") }
        fwrite(seed, 1, seed.count, file)
        fclose(file)
    }
    exit(0)
}
guard arguments.count >= 2, let found = FuzzTarget.named(arguments[1]) else {
    fail("expected a target: \(FuzzTarget.all.map(\.name).joined(separator: " "))")
}
target = found
var passed: [UnsafeMutablePointer<CChar>?] = ([arguments[0]] + arguments.dropFirst(2)).map { strdup($0) } + [nil]
var count = Int32(passed.count - 1)
let code = passed.withUnsafeMutableBufferPointer { buffer -> Int32 in
    guard var base = buffer.baseAddress else { return 70 }
    return runDriver(&count, &base) { data, size in
        target?.run(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
    }
}
exit(code)
