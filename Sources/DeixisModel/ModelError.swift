public import DeixisGraph
import DeixisONNX
public import DeixisInput
public import DeixisRuntime

/// Why a model could not be loaded or gave no box. Messages are one line and name the file where there is one.
public indirect enum ModelError: Error, CustomStringConvertible {
    /// Not a file, not an ONNX model, or one with an operator, type or shape that the runtime does not have.
    case runtime(file: String, RuntimeError)
    /// A sound model without what is needed to ask it: see formats/metadata.md.
    case metadata(file: String, InputError)
    /// Inputs or outputs are not a grounding model's.
    case interface(file: String, reason: Message)
    case image(InputError)
    case emptySentence
    /// Of more than `Tokenizer.longestSentence` bytes.
    case sentenceTooLong
    /// The network answered with NaN or infinity.
    case notFinite(file: String)

    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .runtime(_, .file(let error)): Message(error.description)
        case .runtime(_, .compiled(let file, let error)): "\(file): \(error.description)"
        case .runtime(let file, let error): "\(file): \(error.description)"
        case .metadata(let file, let error): "\(file): \(error.description)"
        case .interface(let file, let reason): "\(file): not a grounding model: \(reason)"
        case .image(let error): Message(error.description)
        case .emptySentence: "the sentence is empty; say what to look for, e.g. \"the red mug\""
        case .sentenceTooLong:
            "the sentence has more than \(Tokenizer.longestSentence) bytes; say what to look for in a few words"
        case .notFinite(let file): "\(file): the model's box is not a number; are there NaNs among its weights?"
        }
    }
}
