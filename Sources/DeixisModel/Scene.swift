import DeixisInput
import DeixisRuntime

/// A picture the model has looked at: each sentence costs only what depends on the sentence.
///
///     let scene = try model.scene(picture)
///     for sentence in sentences { print(try scene.ground(sentence).box) }
///
/// The answers are those of `GroundingModel.ground`, to the bit. A scene owns what looking found out and keeps its
/// model alive; any number of threads may ask it at once.
public final class Scene: Sendable {
    public let model: GroundingModel
    /// Of the picture, in pixels.
    public let width: Int, height: Int
    /// What looking cost: letterbox; network.
    public let inputMilliseconds: Double, networkMilliseconds: Double
    let values: KeptValues?

    init(
        _ model: GroundingModel, _ values: KeptValues?, width: Int, height: Int, inputMilliseconds: Double,
        networkMilliseconds: Double
    ) {
        self.model = model
        self.values = values
        self.width = width
        self.height = height
        self.inputMilliseconds = inputMilliseconds
        self.networkMilliseconds = networkMilliseconds
    }

    /// What `sentence` points at in the picture. The times are this sentence's alone; `deadline` as in
    /// `GroundingModel.ground`.
    public func ground(_ sentence: String, deadline: Double? = nil) throws(ModelError) -> Grounding {
        try ground(utf8: Array(sentence.utf8), deadline: deadline)
    }

    public func ground(utf8: [UInt8], deadline: Double? = nil) throws(ModelError) -> Grounding {
        try model.ground(self, utf8, deadline)
    }
}
