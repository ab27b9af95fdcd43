// libFuzzer on one of `FuzzTarget.all`; `tools/fuzz` builds and starts it.
//
//   deixis-fuzz TARGET [libFuzzer's arguments]
//   deixis-fuzz --list
//   deixis-fuzz --seeds TARGET FOLDER       writes the target's own seeds
//   deixis-fuzz --reach TARGET FILE...      counts how far models came
import FuzzTargets
import Glibc

@_silgen_name("LLVMFuzzerRunDriver") func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
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
    return put(result, data, room)
}

@_cdecl("LLVMFuzzerCustomCrossOver")
func cross(
    _ first: UnsafePointer<UInt8>, _ firstSize: Int, _ second: UnsafePointer<UInt8>, _ secondSize: Int,
    _ out: UnsafeMutablePointer<UInt8>, _ room: Int, _ seed: UInt32
) -> Int {
    var random = Random(seed: UInt64(seed))
    let first = Array(UnsafeBufferPointer(start: first, count: firstSize)),
        second = Array(UnsafeBufferPointer(start: second, count: secondSize))
    return target?.cross?(first, second, &random).map { put($0, out, room) } ?? 0
}

func put(_ bytes: [UInt8], _ target: UnsafeMutablePointer<UInt8>, _ room: Int) -> Int {
    let count = min(bytes.count, room)
    for i in 0..<count { target[i] = bytes[i] }
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
if arguments.count > 3, arguments[1] == "--reach" {
    guard let reach = FuzzTarget.named(arguments[2])?.reach else { fail("'\(arguments[2])' is no target of models") }
    var counts: [TriedModel.Reach: Int] = [:]
    for path in arguments.dropFirst(3) {
        guard let file = fopen(path, "rb") else { fail("cannot read \(path)") }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        fclose(file)
        counts[reach(Array(bytes.prefix(count))), default: 0] += 1
    }
    for (reach, count) in counts.sorted(by: { $0.key < $1.key }) { print("\(reach): \(count)") }
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
