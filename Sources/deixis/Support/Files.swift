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

    static func write(_ bytes: [UInt8], to path: String) throws(CommandError) {
        let code = deixis_write_file(path, bytes, bytes.count)
        guard code != 0 else { return }
        let full = [ENOSPC, EDQUOT, EFBIG, EIO].contains(code)
        throw CommandError(code: full ? .output : .cannotCreate, message: "cannot write \(path): \(errorText(code))")
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
