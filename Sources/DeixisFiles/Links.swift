import Glibc

/// The path with symbolic links followed, also one that leads to nothing yet.
func followed(_ path: String) -> String {
    var target = path
    for _ in 0..<40 {
        guard let link = link(at: target) else { break }
        target = link.hasPrefix("/") ? link : folder(of: target) + link
    }
    return target
}

/// With its final `/`; empty for a bare name.
func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "" }

private func link(at path: String) -> String? {
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
        guard let start = buffer.baseAddress else { return }
        let length = start.withMemoryRebound(to: CChar.self, capacity: buffer.count) {
            readlink(path, $0, buffer.count)
        }
        count = max(length, 0)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
}
