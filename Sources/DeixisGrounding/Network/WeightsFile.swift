import DeixisFiles
import DeixisPickle
import DeixisTraining

/// Named tensors of a file of weights: safetensors, or what `torch.save` wrote (torchvision, DETR, MDETR, BERT's
/// `pytorch_model.bin`).
struct WeightsFile {
    private enum Content {
        case safeTensors(SafeTensors)
        case torch(TorchFile, [String: TorchTensor])
    }

    let path: String
    private let content: Content
    /// Which of several state dictionaries of a training checkpoint was taken, for the user to know.
    let part: String?

    /// Where training checkpoints keep their weights, averaged ones first.
    static let parts = ["model_ema", "ema", "model", "state_dict", "model_state_dict", "net"]

    init(_ path: String) throws(TrainingError) {
        self.path = path
        let head = try Self.head(path)
        guard head.starts(with: [0x50, 0x4B, 0x03, 0x04]) || head.starts(with: [0x80, 0x02]) else {
            (content, part) = (.safeTensors(try SafeTensors(path)), nil)
            return
        }
        let file = try Self.reading(path) { () throws(PickleError) in try TorchFile(path) }
        let root = file.tree.root
        var (tensors, part) = (file.tensors(in: root), String?.none)
        for name in Self.parts where tensors.isEmpty {
            guard let value = file.tree.field(name, of: root) else { continue }
            (tensors, part) = (file.tensors(in: value), name)
        }
        guard !tensors.isEmpty else {
            throw .format(
                path: path,
                reason: "no tensors in it: expected a state_dict, or one under \(Self.parts.joined(separator: ", "))")
        }
        (content, self.part) = (.torch(file, Dictionary(tensors.map { ($0.name, $0.tensor) }) { $1 }), part)
    }

    private static func head(_ path: String) throws(TrainingError) -> [UInt8] {
        do throws(FileError) {
            let file = try InputFile(path)
            return try file.bytes(at: 0, count: min(4, file.size))
        } catch { throw .file(error) }
    }

    private static func reading<Result>(_ path: String, _ body: () throws(PickleError) -> Result) throws(TrainingError)
        -> Result
    {
        do throws(PickleError) { return try body() } catch {
            if case .file(let error) = error { throw .file(error) }
            throw .format(path: path, reason: error.reason)
        }
    }

    var names: [String] {
        switch content {
        case .safeTensors(let file): file.names
        case .torch(_, let tensors): tensors.keys.sorted()
        }
    }

    func shape(of name: String) -> [Int]? {
        switch content {
        case .safeTensors(let file): file.shape(of: name)
        case .torch(_, let tensors): tensors[name]?.shape
        }
    }

    /// The elements as floats, row-major.
    func values(of name: String) throws(TrainingError) -> [Float] {
        switch content {
        case .safeTensors(let file): return try file.values(of: name)
        case .torch(let file, let tensors):
            guard let tensor = tensors[name] else { throw .missingTensor(path: path, tensor: name) }
            return try Self.reading(path) { () throws(PickleError) in try file.values(of: tensor, named: name) }
        }
    }
}
