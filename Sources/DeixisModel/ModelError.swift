public import DeixisInput
public import DeixisONNX
public import DeixisRuntime

/// Why a model could not be loaded or gave no box. Messages are one line and name the file where there is one.
public enum ModelError: Error, CustomStringConvertible {
    /// No ONNX file, or not one that can be read.
    case file(ONNXError)
    /// An operator, type or shape that the runtime does not have.
    case runtime(file: String, RuntimeError)
    /// A sound model without what is needed to ask it: see formats/metadata.md.
    case metadata(file: String, InputError)
    /// Inputs or outputs are not a grounding model's.
    case interface(file: String, reason: String)
    case image(InputError)
    case emptySentence
    case notFinite(NormalizedBox)
    /// Two threads inside one model.
    case busy

    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .runtime(let file, let error): "\(file): \(error)"
        case .metadata(let file, let error): "\(file): \(error)"
        case .interface(let file, let reason): "\(file): not a grounding model: \(reason)"
        case .image(let error): "\(error)"
        case .emptySentence: "the sentence is empty; say what to look for, e.g. \"the red mug\""
        case .notFinite: "the model's box is not a number; are there NaNs among its weights?"
        case .busy: "another thread is using this model; load it once per thread, or take turns"
        }
    }
}
