import DeixisFiles
import DeixisInput

/// What the models of a study are measured on; the same for all of its points.
public struct UnseenSamples: Sendable {
    public let source: any SampleSource
    public let count: Int
    /// "2000 generated scenes of seed 1000001", for people.
    public let line: String
    /// A checksum of what decides the samples.
    public let settings: String
    /// Files that are read.
    public let files: [String]

    /// Scenes that no training sees unless it has this very seed.
    public static let seed: UInt64 = 1_000_001

    init(scenes count: Int, _ settings: SceneSettings) {
        source = UnseenScenes(generator: SceneGenerator(seed: Self.seed, settings: settings))
        self.count = count
        line = "\(count) generated scenes of seed \(Self.seed)"
        self.settings = studyChecksum(line, settings.json(indent: ""))
        files = []
    }

    init(directory: String) throws(GroundingError) {
        let dataset = try Dataset(directory: directory)
        source = DatasetSource(dataset)
        count = dataset.entries.count
        line = "\(count) samples of \(directory)"
        settings = try studyChecksum(ofFile: dataset.manifest)
        files = [dataset.manifest]
    }
}

/// Generated scenes as `deixis-train scenes` writes them and a data set gives them back.
struct UnseenScenes: SampleSource {
    let generator: SceneGenerator
    var count: Int? { nil }

    func sample(_ index: Int) -> GroundingSample {
        let sample = generator.sample(UInt64(index)), image = sample.scene.render(), box = sample.pixelBox
        // A manifest's boxes are in hundredths of a pixel.
        func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
        let written = PixelBox(
            x: rounded(box.x), y: rounded(box.y), width: rounded(box.width), height: rounded(box.height))
        return GroundingSample(
            image: image, sentence: sample.sentence, box: written.clipped(width: image.width, height: image.height),
            kind: sample.kind.rawValue)
    }
}
