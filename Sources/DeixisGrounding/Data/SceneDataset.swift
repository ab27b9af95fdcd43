internal import DeixisImage
public import DeixisInput
import Foundation
import Synchronization

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
        if !overwrite, FileManager.default.fileExists(atPath: manifest) { throw .datasetExists(manifest: manifest) }
        try FileBytes.makeDirectory(directory + "/images")
        if overwrite { unlink(manifest) }
        let state = Mutex((lines: [String](repeating: "", count: count), next: 0, done: 0, error: GroundingError?.none))
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
        try FileBytes.writeAtomically(Array((lines.joined(separator: "\n") + "\n").utf8), to: manifest)
    }

    private func writeOne(_ index: Int, to directory: String) throws(GroundingError) -> String {
        let sample = generator.sample(UInt64(index))
        let digits = String(index)
        let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        let path = "images/\(name).\(format.rawValue)"
        let image = sample.scene.render()
        do {
            let bytes = format == .png ? try image.encodedPNG() : try image.encodedJPEG()
            // Not fsynced one by one: the manifest is written after all of them.
            try Data(bytes).write(to: URL(fileURLWithPath: directory + "/" + path))
        } catch let error as ImageError {
            throw .file(path: directory + "/" + path, action: "encode it", reason: error.description)
        } catch {
            throw .file(path: directory + "/" + path, action: "write it", reason: FileBytes.reason(of: error))
        }
        return sample.manifestLine(image: path, id: "\(generator.seed)-\(index)")
    }
}

extension SceneSample {
    public var pixelBox: PixelBox { PixelBox(x: box.minX, y: box.minY, width: box.width, height: box.height) }

    /// Box numbers rounded to hundredths of a pixel, inwards of the image by construction.
    func manifestLine(image: String, id: String) -> String {
        let values = [box.minX, box.minY, box.width, box.height].map { ManifestLine.short(($0 * 100).rounded() / 100) }
        return "{\"image\": \(JSONText.quoted(image)), \"sentence\": \(JSONText.quoted(sentence)), "
            + "\"box\": [\(values.joined(separator: ", "))], \"id\": \(JSONText.quoted(id)), "
            + "\"kind\": \"\(kind.rawValue)\", \"width\": \(scene.width), \"height\": \(scene.height)}"
    }
}
