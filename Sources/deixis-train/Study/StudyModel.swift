internal import DeixisGrounding
internal import DeixisInput
internal import DeixisModel
internal import DeixisRuntime

/// An exported model of a study, in the lean runtime.
struct StudyModel {
    private let model: GroundingModel

    /// - Parameter threads: 0: the cores this process may use.
    init(_ path: String, threads: Int) throws {
        var options = SessionOptions()
        options.threads = threads
        model = try GroundingModel(path: path, options: options)
    }

    /// An answer that is no number is a box nowhere.
    func answer(_ index: Int, of unseen: UnseenSamples) throws -> EvaluatedSample {
        let sample = try unseen.source.sample(index)
        let nowhere = PixelBox(x: .nan, y: .nan, width: .nan, height: .nan)
        var found = nowhere
        do { found = try model.ground(sample.image, sample.sentence).box } catch ModelError.notFinite {}
        return EvaluatedSample(
            index: index, sentence: sample.sentence, kind: sample.kind, width: sample.image.width,
            height: sample.image.height, truth: sample.box, found: found)
    }

    /// Milliseconds from a picture and a sentence in memory to the box.
    func milliseconds(_ sample: GroundingSample) throws -> Double {
        do {
            let found = try model.ground(sample.image, sample.sentence)
            return found.inputMilliseconds + found.networkMilliseconds
        } catch ModelError.notFinite { return .nan }
    }
}
