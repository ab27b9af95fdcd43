import Glibc

/// A folder of this process for what has to be a file; in memory where the system has that.
enum Scratch {
    static let folder: String = {
        let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        let path = "\(base)/deixis-fuzz-\(getpid())"
        mkdir(path, 0o700)
        atexit { Scratch.clear() }
        return path
    }()

    /// `bytes` under a name that stands for the target alone: the file of the input before goes.
    static func file(_ name: String, _ bytes: [UInt8]) -> String? {
        let path = "\(folder)/\(name)"
        // A new file each time: what is still mapped keeps its bytes.
        unlink(path)
        guard let file = fopen(path, "wb") else { return nil }
        let written = bytes.isEmpty ? 0 : fwrite(bytes, 1, bytes.count, file)
        return fclose(file) == 0 && written == bytes.count ? path : nil
    }

    private static func clear() {
        guard let directory = opendir(folder) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink("\(folder)/\(name)")
        }
        closedir(directory)
        rmdir(folder)
    }
}
