import CDeixisSystem
import Glibc

/// The files that a command will write, looked at before it reads or computes anything: one that would replace what the
/// command reads is refused, whatever it is called (`./a`, a symbolic link, a hard link).
///
///     try Outputs(("--out", out), ("--report", report)).check(against: [model] + weights)
public struct Outputs {
    private var files: [(option: String, path: String)]

    /// Outputs that were not asked for are nil.
    public init(_ files: (option: String, path: String?)...) { self.init(files) }

    public init(_ files: [(option: String, path: String?)]) {
        self.files = files.compactMap { file in file.path.map { (file.option, $0) } }
    }

    /// - Parameter inputs: paths of files that are read. Those that are not there are another's concern.
    /// - Throws: `badName`, `outputIsInput`, `outputTwice`.
    public func check(against inputs: [String]) throws(FileError) {
        var taken: [Identity: (option: String, path: String)] = [:]
        for (option, path) in files {
            guard !path.isEmpty, path != "-" else { throw .badName(option: option, path: path) }
            guard let identity = Identity(path) else { continue }
            if let other = taken.updateValue((option, path), forKey: identity) {
                throw .outputTwice(option: option, path: path, other: other.option)
            }
        }
        // Files that are not there yet cannot be inputs; data sets have many of those.
        guard taken.keys.contains(where: { $0.name == nil }) else { return }
        for input in inputs {
            guard let identity = Identity(input), let output = taken[identity] else { continue }
            throw .outputIsInput(option: output.option, path: output.path, input: input)
        }
    }

    /// Says now what `replaceFile` would say after a long computation: makes a temporary file where each output goes,
    /// and removes it.
    public func mustBeReplaceable() throws(FileError) {
        for (_, path) in files { _ = try ReplacingFile(path: path) }
    }

    /// The same for `writeText`, which also writes to devices and pipes.
    public func mustBeWritable() throws(FileError) {
        for (_, path) in files {
            guard isSpecial(path) else {
                _ = try ReplacingFile(path: path)
                continue
            }
            guard access(path, W_OK) == 0 else { throw .system(.write, path: path, code: errno) }
        }
    }
}

/// Which file a path leads to: device and number of what is there, or of the folder where it would be made, and its
/// name.
private struct Identity: Hashable {
    var device: dev_t
    var number: ino_t
    var name: String?

    /// nil for devices and pipes, which are written to and not replaced, and where there is no such folder.
    init?(_ path: String) {
        var status = stat()
        if stat(path, &status) == 0 {
            let kind = status.st_mode & S_IFMT
            guard kind == S_IFREG || kind == S_IFDIR else { return nil }
            (device, number, name) = (status.st_dev, status.st_ino, nil)
            return
        }
        let target = followed(path), folder = folder(of: target)
        guard stat(folder.isEmpty ? "." : folder, &status) == 0 else { return nil }
        (device, number, name) = (status.st_dev, status.st_ino, String(target.dropFirst(folder.count)))
    }
}
