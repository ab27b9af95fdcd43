import CDeixisSystem
public import DeixisGraph

/// The bytes of a file, mapped read-only; unmapped when the last view goes.
public func mapFile(_ path: String) throws(ONNXError) -> ByteStorage {
    var mapping = deixis_mapping(bytes: nil, size: 0)
    let code = path.withCString { deixis_map_file($0, &mapping) }
    if deixis_error_is_memory(code) { throw .outOfMemory(file: path, OutOfMemory(byteCount: mapping.size)) }
    guard code == 0 else { throw .cannotOpen(file: path, reason: errorText(code)) }
    let base = UInt(bitPattern: mapping.bytes), size = mapping.size
    let file = ByteStorage(bytes: UnsafeRawBufferPointer(start: mapping.bytes, count: size), isMapped: true) {
        var mapping = deixis_mapping(bytes: UnsafePointer(bitPattern: base), size: size)
        deixis_unmap_file(&mapping)
    }
    if isGitLFSPointer(file.bytes) { throw .gitLFSPointer(file: path) }
    return file
}

/// A text file of three lines that begins so.
private func isGitLFSPointer(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let start: StaticString = "version https://git-lfs.github.com/spec/"
    return start.withUTF8Buffer { bytes.prefix($0.count).elementsEqual($0) }
}

/// The system's words for an errno value.
func errorText(_ code: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 128)
    let length = buffer.withUnsafeMutableBytes { bytes in
        deixis_error_text(code, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    return String(decoding: buffer.prefix(length), as: UTF8.self)
}
