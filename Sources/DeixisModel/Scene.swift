import DeixisInput
import DeixisRuntime

/// A picture the model has looked at: each sentence costs only what depends on the sentence.
///
///     let scene = try model.scene(picture)
///     for sentence in sentences { print(try scene.ground(sentence).box) }
///
/// The answers are those of `GroundingModel.ground`, to the bit. A scene belongs to its model and keeps it alive: at any time one thread
/// uses the model or one of its scenes. Scenes may be asked in turns; the one asked before then holds a copy of its values.
public final class Scene {
    public let model: GroundingModel
    /// Of the picture, in pixels.
    public let width: Int, height: Int
    /// What looking cost: letterbox; network.
    public let inputMilliseconds: Double, networkMilliseconds: Double
    private let seat: Seat

    init(_ model: GroundingModel, _ seat: Seat, width: Int, height: Int, inputMilliseconds: Double, networkMilliseconds: Double) {
        self.model = model
        self.seat = seat
        self.width = width
        self.height = height
        self.inputMilliseconds = inputMilliseconds
        self.networkMilliseconds = networkMilliseconds
    }

    /// What `sentence` points at in the picture. The times are this sentence's alone; `deadline` as in `GroundingModel.ground`.
    public func ground(_ sentence: String, deadline: Double? = nil) throws(ModelError) -> Grounding {
        try ground(utf8: Array(sentence.utf8), deadline: deadline)
    }

    public func ground(utf8: [UInt8], deadline: Double? = nil) throws(ModelError) -> Grounding {
        try model.answer(seat, width: width, height: height, utf8, deadline.map { Deadline(milliseconds: $0) })
    }
}

/// One picture's values: in the session while the picture is the last one asked about (`values` nil), else here.
final class Seat {
    var values: KeptValues?
}
