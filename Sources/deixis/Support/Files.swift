import CDeixisSystem
import Glibc

/// Whole files in and out. Outputs replace what was there only when they are complete.
enum Files {
    static func read(_ path: String) throws(CommandError) -> [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        var size = 0
        let code = deixis_read_file(path, &bytes, &size)
        defer { deixis_deallocate(bytes) }
        guard code == 0 else { throw CommandError(code: .noInput, message: "cannot read \(path): \(errorText(code))") }
        return Array(UnsafeBufferPointer(start: bytes, count: size))
    }

    /// A device or a pipe (`--json /dev/stdout`) is written to; it must not be replaced by a file.
    static func write(_ bytes: [UInt8], to path: String) throws(CommandError) {
        var status = stat()
        let isFile = stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
        let code = isFile ? deixis_write_file(path, bytes, bytes.count) : writeThrough(bytes, to: path)
        guard code != 0 else { return }
        let full = [ENOSPC, EDQUOT, EFBIG, EIO].contains(code)
        throw CommandError(code: full ? .output : .cannotCreate, message: "cannot write \(path): \(errorText(code))")
    }

    private static func writeThrough(_ bytes: [UInt8], to path: String) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return writeAll(bytes, to: descriptor)
    }

    /// 0 or an errno value.
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return errno }
            rest = rest.dropFirst(count)
        }
        return 0
    }

    static func makeFolder(_ path: String) throws(CommandError) {
        var prefix = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            prefix += part
            if !prefix.isEmpty && mkdir(prefix, 0o777) != 0 && errno != EEXIST {
                throw CommandError(code: .cannotCreate, message: "cannot make the folder \(path): \(errorText(errno))")
            }
            prefix += "/"
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw CommandError(code: .cannotCreate, message: "cannot make the folder \(path): something else has that name")
        }
    }

    static func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
}
