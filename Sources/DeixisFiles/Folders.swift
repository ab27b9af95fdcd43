import Glibc

/// What lies in a folder, sorted, without names that begin with a dot; links are followed.
public func contents(ofFolder path: String) throws(FileError) -> [(name: String, isFolder: Bool)] {
    guard let stream = opendir(path) else { throw .system(.read, path: path, code: errno) }
    defer { closedir(stream) }
    var result: [(name: String, isFolder: Bool)] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
        if name.hasPrefix(".") { continue }
        var isFolder = entry.pointee.d_type == UInt8(DT_DIR)
        if entry.pointee.d_type == UInt8(DT_LNK) || entry.pointee.d_type == UInt8(DT_UNKNOWN) {
            var status = stat()
            isFolder = stat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        }
        result.append((name, isFolder))
    }
    return result.sorted { $0.name < $1.name }
}
