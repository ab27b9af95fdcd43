import CDeixisSystem
import Glibc

/// A whole file's bytes; a pipe's or a device's too.
public func readFile(_ path: String) throws(FileError) -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    var size = 0
    let code = deixis_read_file(path, &bytes, &size)
    defer { deixis_deallocate(bytes) }
    guard code == 0 else { throw .system(.read, path: path, code: code) }
    return Array(UnsafeBufferPointer(start: bytes, count: size))
}

/// The bytes of a regular file of at most `limit` bytes.
public func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    let file = try InputFile(path)
    guard file.size <= limit else { throw .tooLarge(path: path, byteCount: file.size, limit: limit) }
    return try file.bytes(at: 0, count: file.size)
}

/// Replaces a file, or makes one; it appears whole or not at all.
public func replaceFile(_ path: String, with bytes: [UInt8], durable: Bool = true) throws(FileError) {
    let file = try ReplacingFile(path: path)
    try file.write(bytes)
    try file.commit(durable: durable)
}

/// The same for a file that must be looked at before it may replace another: `make` makes it under the name it is
/// given, in the same folder, and throws if it is not to be kept.
public func replaceFile(_ path: String, by make: (_ temporary: String) throws -> Void) throws {
    let temporary = folder(of: followed(path)) + ".deixis-\(getpid())-new"
    do {
        try make(temporary)
        let code = deixis_move_file(temporary, path)
        guard code == 0 else { throw FileError.system(.write, path: path, code: code) }
    } catch {
        unlink(temporary)
        throw error
    }
}

/// The same for text that may also go to a device or a pipe (`--json /dev/stdout`): those are written to and never
/// replaced.
public func writeText(_ text: String, to path: String) throws(FileError) {
    guard isSpecial(path) else { return try replaceFile(path, with: Array(text.utf8)) }
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(.write, path: path, code: errno) }
    defer { close(descriptor) }
    try writeAll(Array(text.utf8), to: descriptor, path: path)
}

/// Whether a device, a pipe or a socket has that name.
func isSpecial(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
}

/// `path` is for the message.
public func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(FileError) {
    let code = deixis_write_all(descriptor, bytes, bytes.count)
    guard code == 0 else { throw .system(.write, path: path, code: code) }
}

/// The folder and those it lies in, where they are missing.
public func makeFolder(_ path: String) throws(FileError) {
    var prefix = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
        prefix += part
        if !prefix.isEmpty, mkdir(prefix, 0o777) != 0, errno != EEXIST {
            throw .system(.makeFolder, path: path, code: errno)
        }
        prefix += "/"
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw .system(.makeFolder, path: path, code: ENOTDIR)
    }
}

/// Whether anything has that name; a link that leads nowhere counts as nothing.
public func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0
}

/// Adds to a file's end, and makes the file where there is none.
public func appendToFile(_ path: String, _ bytes: [UInt8]) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system(.write, path: path, code: errno) }
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor, path: path)
}
