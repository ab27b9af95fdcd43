import CDeixisSystem
import Foundation
import Testing

/// A folder that is gone after the test.
private final class Folder {
    let path: String
    init() throws {
        path = NSTemporaryDirectory() + "deixis-system-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }
    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}

private func errorText(_ code: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 200)
    let length = buffer.withUnsafeMutableBytes {
        deixis_error_text(code, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return String(decoding: buffer[..<length], as: UTF8.self)
}

@Suite struct FileTests {
    @Test func mapping() throws {
        let folder = try Folder()
        let file = try folder.write("a", "hello")
        var mapping = deixis_mapping()
        #expect(deixis_map_file(file, &mapping) == 0)
        #expect(mapping.size == 5)
        #expect(
            mapping.bytes.map { String(decoding: UnsafeBufferPointer(start: $0, count: 5), as: UTF8.self) } == "hello")
        deixis_unmap_file(&mapping)
        #expect(mapping.bytes == nil && mapping.size == 0)
        deixis_unmap_file(&mapping)
    }

    @Test func mappingAnEmptyFile() throws {
        let folder = try Folder()
        var mapping = deixis_mapping()
        #expect(deixis_map_file(try folder.write("empty", ""), &mapping) == 0)
        #expect(mapping.bytes == nil && mapping.size == 0)
    }

    @Test func mappingWhatIsNoFile() throws {
        let folder = try Folder()
        var mapping = deixis_mapping()
        #expect(deixis_map_file(folder.path + "/none", &mapping) == ENOENT)
        #expect(deixis_map_file(folder.path, &mapping) == EISDIR)
        #expect(deixis_map_file("/dev/null", &mapping) == EINVAL)
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(deixis_map_file(pipe, &mapping) == EINVAL)
        #expect(mapping.bytes == nil)
    }

    @Test(arguments: [0, 1, 65535, 65536, 300_000])
    func reading(size: Int) throws {
        let folder = try Folder()
        let text = String(repeating: "abcdefg", count: size / 7 + 1).prefix(size)
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        #expect(deixis_read_file(try folder.write("a", String(text)), &bytes, &count) == 0)
        #expect(count == size)
        #expect(Array(UnsafeBufferPointer(start: bytes, count: count)) == Array(text.utf8))
        deixis_deallocate(bytes)
    }

    @Test func aThreadThatIsNotStartedLacksMemory() {
        #expect(deixis_error_is_shortage(EAGAIN) && deixis_error_is_shortage(ENOMEM))
        #expect(!deixis_error_is_shortage(EINVAL))
    }

    @Test func readingWhatHasNoSize() throws {
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        #expect(deixis_read_file("/proc/self/status", &bytes, &count) == 0)
        #expect(count > 100)
        deixis_deallocate(bytes)
        #expect(deixis_read_file("/proc", &bytes, &count) == EISDIR)
        #expect(deixis_read_file("/dev/zero", &bytes, &count) == EINVAL)
        #expect(deixis_read_file("/dev/null", &bytes, &count) == 0 && count == 0)
        #expect(deixis_read_file("/none/none", &bytes, &count) == ENOENT)
    }

    @Test func writingReplacesAtOnceAndLeavesNothingBehind() throws {
        let folder = try Folder()
        let file = try folder.write("out", "old")
        #expect(deixis_write_file(file, "new!", 4) == 0)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "new!")
        #expect(try folder.names == ["out"])
        #expect(deixis_write_file(folder.path + "/none/out", "x", 1) == ENOENT)
        #expect(deixis_write_file("", "x", 1) == ENOENT)
    }

    @Test func anAbortedFileLeavesTheOldOne() throws {
        let folder = try Folder()
        let file = try folder.write("out", "old")
        var handle: OpaquePointer?
        #expect(deixis_file_begin(file, &handle) == 0)
        #expect(deixis_file_append(handle, "half", 4) == 0)
        #expect(try folder.names.count == 2)
        deixis_file_abort(handle)
        #expect(try folder.names == ["out"])
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "old")
    }

    @Test func piecesAndMode() throws {
        let folder = try Folder()
        let file = try folder.write("out", "old")
        #expect(chmod(file, 0o640) == 0)
        var handle: OpaquePointer?
        #expect(deixis_file_begin(file, &handle) == 0)
        #expect(deixis_file_append(handle, "one", 3) == 0)
        #expect(deixis_file_append(handle, "two", 3) == 0)
        #expect(deixis_file_commit(handle) == 0)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "onetwo")
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o640)
    }

    @Test func aFailedWriteIsReportedAndUndone() throws {
        let folder = try Folder()
        // A folder cannot be replaced by a file: the rename fails after everything else went well.
        try FileManager.default.createDirectory(atPath: folder.path + "/taken", withIntermediateDirectories: true)
        #expect(deixis_write_file(folder.path + "/taken", "x", 1) == EISDIR)
        #expect(try folder.names == ["taken"])
    }

    @Test func errorTexts() {
        #expect(errorText(ENOENT) == "No such file or directory")
        #expect(errorText(ENOSPC) == "No space left on device")
        #expect(!errorText(99999).isEmpty)
        var small: [CChar] = [1, 1, 1, 1]
        #expect(deixis_error_text(ENOENT, &small, 4) == 3)
        #expect(small[3] == 0)
    }
}

@Suite struct CoreTests {
    @Test func usable() {
        let cores = deixis_usable_cores()
        #expect(cores >= 1)
        #expect(cores <= Int32(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    @Test(
        "Version 2: the tightest quota on the path counts, rounded up",
        arguments: [
            ("max 100000", "max 100000", 0), ("150000 100000", "max 100000", 2), ("400000 100000", "100000 100000", 1),
            ("50000 100000", "max 100000", 1),
        ])
    func version2(inner: String, outer: String, expected: Int32) throws {
        let folder = try Folder()
        _ = try folder.write("proc/self/cgroup", "0::/outer/inner\n")
        _ = try folder.write("sys/fs/cgroup/outer/inner/cpu.max", inner)
        _ = try folder.write("sys/fs/cgroup/outer/cpu.max", outer)
        #expect(deixis_quota_cores(folder.path) == expected)
    }

    @Test("Inside a container the base folder holds the group's files")
    func container() throws {
        let folder = try Folder()
        _ = try folder.write("proc/self/cgroup", "0::/\n")
        _ = try folder.write("sys/fs/cgroup/cpu.max", "300000 100000\n")
        #expect(deixis_quota_cores(folder.path) == 3)
    }

    @Test("Version 1", arguments: [(250_000, Int32(3)), (-1, 0)])
    func version1(quota: Int, expected: Int32) throws {
        let folder = try Folder()
        _ = try folder.write("proc/self/cgroup", "5:memory:/a\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n")
        _ = try folder.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "\(quota)\n")
        _ = try folder.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
        #expect(deixis_quota_cores(folder.path) == expected)
    }

    @Test func nothingThere() throws { #expect(deixis_quota_cores(try Folder().path) == 0) }
}

@Suite struct CacheTests {
    @Test func ofThisMachine() {
        var l1 = 0, l2 = 0
        deixis_core_caches(&l1, &l2)
        #expect((4 << 10...1 << 20).contains(l1) && (l1...64 << 20).contains(l2), "\(l1) \(l2)")
    }

    /// A core's part: what its cores share is divided, what its threads share is not.
    @Test(arguments: [("0", "0", 1024), ("0-3", "0", 256), ("0,64", "0,64", 1024), ("0-1,8-9", "0,8", 512)])
    func listed(sharingL2: String, sharingL1: String, expected: Int) throws {
        let folder = try Folder()
        let caches = [
            ("1", "Instruction", "64K", sharingL1), ("1", "Data", "48K", sharingL1), ("2", "Unified", "1M", sharingL2),
            ("3", "Unified", "32768K", "0-63"),
        ]
        for (index, (level, type, size, list)) in caches.enumerated() {
            for (name, line) in [("level", level), ("type", type), ("size", size), ("shared_cpu_list", list)] {
                _ = try folder.write("sys/devices/system/cpu/cpu0/cache/index\(index)/\(name)", line + "\n")
            }
        }
        var l1 = 0, l2 = 0
        deixis_listed_caches(folder.path, &l1, &l2)
        #expect(l1 == 48 << 10 && l2 == expected << 10)
    }

    @Test("Nothing there, and nonsense", arguments: ["", "K", "-", "99999999999999999999999K", "-5K"])
    func notTold(line: String) throws {
        let folder = try Folder()
        if !line.isEmpty {
            for (name, text) in [("level", "2"), ("type", "Unified"), ("size", line), ("shared_cpu_list", line)] {
                _ = try folder.write("sys/devices/system/cpu/cpu0/cache/index0/\(name)", text)
            }
        }
        var l1 = 1, l2 = 1
        deixis_listed_caches(folder.path, &l1, &l2)
        #expect(l1 == 0 && l2 == 0)
    }
}

@Suite struct MemoryTests {
    @Test(arguments: [(0, 0), (1, 64), (100, 4096), (5 << 20, 64)])
    func aligned(size: Int, alignment: Int) throws {
        let block = try #require(deixis_allocate(size, alignment))
        #expect(Int(bitPattern: block) % max(alignment, 64) == 0)
        if size >= 2 << 20 { #expect(Int(bitPattern: block) % (2 << 20) == 0) }
        memset(block, 1, size)
        deixis_deallocate(block)
    }

    @Test func refusals() {
        #expect(deixis_allocate(.max, 64) == nil)
        #expect(deixis_allocate(64, 100) == nil)
        #expect(deixis_allocate(1 << 60, 64) == nil)
    }

    @Test("Touching 64 MiB shows in anonymous memory")
    func reading() throws {
        let size = 64 << 20
        var grew = false
        // Other tests of this process free memory meanwhile: one quiet moment is enough.
        for _ in 0..<50 where !grew {
            var before = deixis_memory(), after = deixis_memory()
            #expect(deixis_read_memory(&before) == 0)
            let block = try #require(deixis_allocate(size, 64))
            memset(block, 1, size)
            #expect(deixis_read_memory(&after) == 0)
            deixis_deallocate(block)
            #expect(after.resident > 0 && after.peak_resident > 0)
            grew = after.anonymous >= before.anonymous + UInt64(size / 2)
        }
        #expect(grew)
    }

    @Test func clock() {
        let start = deixis_clock_ns()
        usleep(2000)
        #expect(deixis_clock_ns() - start >= 2_000_000)
    }
}

@Suite struct AvailableMemoryTests {
    static let meminfo = "MemTotal:       16000000 kB\nMemFree:         1000 kB\nMemAvailable:    2000 kB\n"

    @Test func ofTheSystem() throws {
        let folder = try Folder()
        #expect(deixis_available_memory(folder.path) == UInt64.max)
        _ = try folder.write("proc/meminfo", Self.meminfo)
        #expect(deixis_available_memory(folder.path) == 2000 * 1024)
        let here = deixis_available_memory("")
        #expect(here > 0 && (here == UInt64.max || here <= deixis_physical_memory()))
    }

    @Test("Version 2: the tightest limit on the path counts; files that can be given up do not") func version2() throws
    {
        let folder = try Folder()
        _ = try folder.write("proc/meminfo", Self.meminfo)
        _ = try folder.write("proc/self/cgroup", "0::/outer/inner\n")
        _ = try folder.write("sys/fs/cgroup/outer/inner/memory.max", "max\n")
        _ = try folder.write("sys/fs/cgroup/outer/memory.max", "1000000\n")
        _ = try folder.write("sys/fs/cgroup/outer/memory.current", "800000\n")
        _ = try folder.write("sys/fs/cgroup/outer/memory.stat", "anon 500000\nfile 300000\ninactive_file 250000\n")
        #expect(deixis_available_memory(folder.path) == 450_000)
        _ = try folder.write("sys/fs/cgroup/outer/memory.current", "2000000\n")
        #expect(deixis_available_memory(folder.path) == 0)
    }

    @Test func version1() throws {
        let folder = try Folder()
        _ = try folder.write("proc/meminfo", Self.meminfo)
        _ = try folder.write("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/docker/abc\n")
        _ = try folder.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
        #expect(deixis_available_memory(folder.path) == 2000 * 1024)
        _ = try folder.write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "900000\n")
        _ = try folder.write("sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "100000\n")
        #expect(deixis_available_memory(folder.path) == 800_000)
    }
}
