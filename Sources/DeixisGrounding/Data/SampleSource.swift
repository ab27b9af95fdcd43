internal import DeixisInput
internal import DeixisImage

/// Samples by number. A source is a pure function of the number: threads, restarts and machines agree.
public protocol SampleSource: Sendable {
    /// nil: endless, and no two numbers give the same sample.
    var count: Int? { get }
    /// The file that names the samples; empty where there is none.
    var manifest: String { get }
    func sample(_ index: Int) throws(GroundingError) -> GroundingSample
}

extension SampleSource {
    public var manifest: String { "" }
}

/// Generated scenes, straight from the generator to the batch.
///
/// Evaluation goes through files: drawn at full size, decoded, shrunk with antialiasing. Drawing small is ten times
/// cheaper and a touch sharper, so one sample in four is drawn at full size and the letterbox shrinks it: training sees
/// both.
public struct SceneSource: SampleSource {
    public let seed: UInt64
    public let curriculum: SceneCurriculum
    /// Long side of the cheap drawing; nil draws every scene at full size.
    public let longSide: Int?
    public var count: Int? { nil }

    public init(seed: UInt64, longSide: Int?, curriculum: SceneCurriculum = .none) {
        self.seed = seed
        self.curriculum = curriculum
        self.longSide = longSide
    }

    public func sample(_ index: Int) -> GroundingSample {
        let (sample, image) = drawn(index)
        // Both extents are rounded on their own, so the two scales may differ by a hair.
        let sx = Double(image.width) / Double(sample.scene.width),
            sy = Double(image.height) / Double(sample.scene.height)
        let box = sample.box
        return GroundingSample(
            image: image, sentence: sample.sentence,
            box: PixelBox(x: box.minX * sx, y: box.minY * sy, width: box.width * sx, height: box.height * sy),
            kind: sample.kind.rawValue)
    }

    /// The scene itself and its picture, at the scene's size or smaller.
    func drawn(_ index: Int) -> (sample: SceneSample, image: RGBImage) {
        let settings = curriculum.settings(of: index) ?? SceneSettings()
        let sample = SceneGenerator(seed: seed, settings: settings).sample(UInt64(index))
        let full = longSide == nil || index % 4 == 0
        return (sample, sample.scene.render(longSide: full ? nil : longSide))
    }
}

/// A data set's samples, in the manifest's order.
public struct DatasetSource: SampleSource {
    public let dataset: Dataset
    /// Which entries, by position.
    public let selection: [Int]
    public var count: Int? { selection.count }
    public var manifest: String { dataset.manifest }

    public init(_ dataset: Dataset, selection: [Int]? = nil) {
        self.dataset = dataset
        self.selection = selection ?? Array(dataset.entries.indices)
    }

    /// Splits off about `share` of the entries, `most` at most, chosen by `seed`; lines that share a picture stay
    /// together.
    public static func split(
        _ dataset: Dataset, heldOut share: Double, most: Int, seed: UInt64
    ) -> (training: DatasetSource, heldOut: DatasetSource) {
        var training: [Int] = [], heldOut: [Int] = []
        for (index, entry) in dataset.entries.enumerated() {
            // FNV-1a of the picture's name as the stream.
            let stream = entry.image.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            }
            var random = CounterRandom(seed: seed, stream: stream)
            if heldOut.count < most, random.chance(share) { heldOut.append(index) } else { training.append(index) }
        }
        return (DatasetSource(dataset, selection: training), DatasetSource(dataset, selection: heldOut))
    }

    public func sample(_ index: Int) throws(GroundingError) -> GroundingSample {
        let entry = dataset.entries[selection[index]]
        func fail(_ reason: String) -> GroundingError {
            .badImage(manifest: dataset.manifest, line: entry.line, image: entry.image, reason: reason)
        }
        let image: RGBImage
        do throws(ImageError) {
            image = try RGBImage(contentsOf: dataset.images + "/" + entry.image)
        } catch {
            throw fail(error.description)
        }
        do throws(LineProblem) {
            try ManifestLine.check(entry.box, inside: (image.width, image.height))
        } catch {
            throw fail(error.reason)
        }
        return GroundingSample(
            image: image, sentence: entry.sentence, box: entry.box.clipped(width: image.width, height: image.height),
            kind: entry.kind ?? "")
    }
}

/// Several data sets as one, one behind the other.
public struct JoinedSource: SampleSource {
    public let parts: [DatasetSource]
    /// Where each part ends.
    private let ends: [Int]
    public var count: Int? { ends.last ?? 0 }
    public var manifest: String { parts.map(\.manifest).joined(separator: ", ") }

    public init(_ parts: [DatasetSource]) {
        self.parts = parts
        var end = 0
        ends = parts.map { part in
            end += part.selection.count
            return end
        }
    }

    /// One part as it is.
    static func of(_ parts: [DatasetSource]) -> any SampleSource { parts.count == 1 ? parts[0] : JoinedSource(parts) }

    public func sample(_ index: Int) throws(GroundingError) -> GroundingSample {
        let part = ends.firstIndex { index < $0 } ?? 0
        return try parts[part].sample(index - (part == 0 ? 0 : ends[part - 1]))
    }
}
