import DeixisGraph
import DeixisONNX
import DeixisOperators
import Foundation

@testable import DeixisRuntime

/// One ONNX backend case: a folder with `model.onnx` and `test_data_set_<n>/{input,output}_<k>.pb`.
struct ConformanceCase {
    let folder: String
    var name: String { String(folder.split(separator: "/").last ?? "") }

    enum Outcome: Equatable {
        case passed
        /// A typed error that says what is not supported.
        case refused(String)
        case wrong(String)
    }

    /// Runs every data set.
    func outcome(optimize: Bool, referenceOnly: Bool = false) -> Outcome {
        do throws(RuntimeError) {
            var options = SessionOptions()
            options.optimize = optimize
            options.referenceOnly = referenceOnly
            options.threads = 2
            let session = try Session(try Model.load(folder + "/model.onnx", operators: .all), options: options)
            var set = 0
            while FileManager.default.fileExists(atPath: dataSet(set)) {
                let given = try tensors(set, "input"), expected = try tensors(set, "output")
                guard given.count == session.inputNames.count, expected.count == session.outputNames.count else {
                    return .wrong("the model has \(session.inputNames.count) inputs, the data \(given.count)")
                }
                let outputs = try session.run(zip(session.inputNames, given).map { ($0, $1) })
                for (output, expected) in zip(outputs, expected) {
                    if let difference = try Self.difference(output.tensor, expected) {
                        return .wrong("\(output.name): \(difference)")
                    }
                }
                set += 1
            }
            return set > 0 ? .passed : .wrong("no data")
        } catch {
            return .refused(error.description)
        }
    }

    private func dataSet(_ index: Int) -> String { folder + "/test_data_set_\(index)" }

    private func tensors(_ set: Int, _ kind: String) throws(RuntimeError) -> [Constant] {
        var result: [Constant] = []
        while FileManager.default.fileExists(atPath: dataSet(set) + "/\(kind)_\(result.count).pb") {
            let path = dataSet(set) + "/\(kind)_\(result.count).pb"
            do throws(ONNXError) { result.append(try Constant.read(onnxFile: path).constant) } catch {
                throw .file(error)
            }
        }
        return result
    }

    /// nil where `actual` is what ONNX's own runner takes: reals within 1e-7 + 1e-3 |expected|, NaN equal to NaN, all
    /// else exact. 16-bit reals that went through several operators may be four units of their last place apart: the
    /// data rounds at other steps.
    static func difference(_ actual: Constant, _ expected: Constant) throws(RuntimeError) -> String? {
        guard actual.type == expected.type, actual.shape == expected.shape else {
            return "got \(actual.type.label) \(actual.shape), expected \(expected.type.label) \(expected.shape)"
        }
        guard actual.type.isReal else {
            let (a, e) = (actual.integers ?? [], expected.integers ?? [])
            guard let i = a.indices.first(where: { a[$0] != e[$0] }) else { return nil }
            return "element \(i) is \(a[i]), expected \(e[i])"
        }
        let relative = actual.type == .bfloat16 ? 0x1p-6 : actual.type == .float16 ? 0x1p-9 : 1e-3
        for (i, (a, e)) in zip(try actual.numbers(), try expected.numbers()).enumerated() {
            if a == e || a.isNaN && e.isNaN || abs(a - e) <= 1e-7 + relative * abs(e) { continue }
            return "element \(i) is \(a), expected \(e)"
        }
        return nil
    }
}
