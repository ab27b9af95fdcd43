internal import DeixisFiles
internal import DeixisImage
public import DeixisInput
import Foundation

/// Writes generated scenes as a data set: DIR/images/SEED-INDEX.png and DIR/manifest.jsonl.
///
/// The manifest comes last and whole: a directory without one was interrupted.
public struct SceneDatasetWriter: Sendable {
    public enum Format: String, Sendable, CaseIterable { case png, jpg }

    public var generator: SceneGenerator
    public var format: Format
    public var overwrite: Bool

    public init(generator: SceneGenerator, format: Format = .png, overwrite: Bool = false) {
        self.generator = generator
        self.format = format
        self.overwrite = overwrite
    }

    /// Writes scenes 0..<count with `threads` threads; `progress` hears how many are done, from any thread.
    /// - Throws: `datasetExists`, `file`.
    public func write(
        count: Int, to directory: String, threads: Int, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(GroundingError) {
        let manifest = directory + "/manifest.jsonl"
        if !overwrite {
            // Pictures without a manifest are someone's own, or of a run that was interrupted.
            if let old = files(count: count, in: directory).first(where: exists) { throw .datasetExists(file: old) }
        }
        try GroundingError.file { () throws(FileError) in try makeFolder(directory + "/images") }
        if overwrite { unlink(manifest) }
        let state = Locked(
            (lines: [String](repeating: "", count: count), next: 0, done: 0, error: GroundingError?.none))
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            while true {
                let index = state.withLock { state in
                    defer { state.next += 1 }
                    return state.error == nil && state.next < count ? state.next : nil
                }
                guard let index else { return }
                do throws(GroundingError) {
                    let line = try writeOne(index, to: directory)
                    let done = state.withLock { state in
                        state.lines[index] = line
                        state.done += 1
                        return state.done
                    }
                    progress(done)
                } catch {
                    state.withLock { $0.error = $0.error ?? error }
                }
            }
        }
        let (lines, error) = state.withLock { ($0.lines, $0.error) }
        if let error { throw error }
        let text = Array((lines.joined(separator: "\n") + "\n").utf8)
        try GroundingError.file { () throws(FileError) in try replaceFile(manifest, with: text) }
    }

    /// All that `write` will write.
    public func files(count: Int, in directory: String) -> [String] {
        [directory + "/manifest.jsonl"] + (0..<count).map { directory + "/" + picture($0) }
    }

    /// Of scene `index`, relative to the data set's directory.
    private func picture(_ index: Int) -> String {
        let digits = String(index)
        return "images/" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "." + format.rawValue
    }

    private func writeOne(_ index: Int, to directory: String) throws(GroundingError) -> String {
        let sample = generator.sample(UInt64(index))
        let path = picture(index)
        let image = sample.scene.render(), bytes: [UInt8]
        do throws(ImageError) { bytes = format == .png ? try image.encodedPNG() : try image.encodedJPEG() } catch {
            throw .unusable(path: directory + "/" + path, action: "encode it", reason: error.description)
        }
        // Not fsynced one by one: the manifest is written after all of them.
        try GroundingError.file { () throws(FileError) in
            try replaceFile(directory + "/" + path, with: bytes, durable: false)
        }
        return sample.manifestLine(image: path, id: "\(generator.seed)-\(index)")
    }
}

extension SceneSample {
    public var pixelBox: PixelBox { PixelBox(x: box.minX, y: box.minY, width: box.width, height: box.height) }

    /// Box numbers rounded to hundredths of a pixel, inwards of the image by construction.
    func manifestLine(image: String, id: String) -> String {
        let values = [box.minX, box.minY, box.width, box.height].map { ManifestLine.short(($0 * 100).rounded() / 100) }
        return "{\"image\": \(quotedJSON(image)), \"sentence\": \(quotedJSON(sentence)), "
            + "\"box\": [\(values.joined(separator: ", "))], \"id\": \(quotedJSON(id)), "
            + "\"kind\": \"\(kind.rawValue)\", \"width\": \(scene.width), \"height\": \(scene.height)}"
    }
}
