import Glibc

private func systemReason() -> String { String(cString: strerror(errno)) }

/// A regular file's bytes.
func readFile(_ path: String, limit: Int) throws(ImageError) -> [UInt8] {
    // O_NONBLOCK: opening a pipe must not wait for a writer.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .cannotRead(name: path, reason: systemReason()) }
    defer { close(file) }
    var info = stat()
    guard fstat(file, &info) == 0 else { throw .cannotRead(name: path, reason: systemReason()) }
    guard info.st_mode & S_IFMT == S_IFREG else {
        let folder = info.st_mode & S_IFMT == S_IFDIR
        throw .cannotRead(name: path, reason: folder ? "it is a folder" : "it is not a regular file")
    }
    guard info.st_size <= limit else { throw .fileTooLarge(name: path, byteCount: Int(info.st_size), limit: limit) }
    let size = Int(info.st_size)
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        while count < size {
            let got = read(file, buffer.baseAddress! + count, size - count)
            if got < 0, errno == EINTR { continue }
            failed = got < 0
            if got <= 0 { break }
            count += got
        }
    }
    if failed { throw .cannotRead(name: path, reason: systemReason()) }
    return bytes
}

/// Writes to a temporary name in the same folder, syncs, renames: whoever looks finds the old file or the whole new one.
func writeFile(_ bytes: [UInt8], to path: String) throws(ImageError) {
    // Renaming over a device or a pipe would replace it.
    var old = stat()
    if stat(path, &old) == 0, old.st_mode & S_IFMT != S_IFREG {
        throw .cannotWrite(path: path, reason: old.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file")
    }
    let cut = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let folder = cut == path.startIndex ? "." : String(path[..<cut])
    let temporary = folder + "/." + path[cut...] + ".\(getpid()).\(UInt32.random(in: 0 ... .max)).tmp"
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw .cannotWrite(path: path, reason: systemReason()) }
    var done = 0
    var whole = true
    while whole && done < bytes.count {
        let written = bytes.withUnsafeBytes { write(file, $0.baseAddress! + done, bytes.count - done) }
        if written < 0, errno == EINTR { continue }
        if written <= 0 { whole = false } else { done += written }
    }
    whole = whole && fsync(file) == 0
    let reason = whole ? "" : systemReason()
    let closed = close(file) == 0
    guard whole, closed, rename(temporary, path) == 0 else {
        let final = reason.isEmpty ? systemReason() : reason
        unlink(temporary)
        throw .cannotWrite(path: path, reason: final)
    }
    let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
        fsync(directory)
        close(directory)
    }
}
