import CDeixisKernels
import DeixisGraph

// What operators of domain `deixis` share: names, and the activation that a pass moved into them.

extension Name {
    static let deixis: Name = "deixis"
}

/// y = f(x) at the end of a kernel: attributes `activation` (a number of `enum deixis_unary`), `alpha`, `beta`.
struct Activation: Equatable {
    var function: Int32 = 0
    var alpha: Float = 0
    var beta: Float = 0

    static let identity = Activation()

    init(function: Int32 = 0, alpha: Float = 0, beta: Float = 0) {
        self.function = function
        self.alpha = alpha
        self.beta = beta
    }

    init(_ call: OperatorCall) throws(RuntimeError) {
        function = Int32(truncatingIfNeeded: try call.int("activation", default: 0))
        alpha = try call.float("alpha", default: 0)
        beta = try call.float("beta", default: 0)
        guard function >= 0, function < Int32(DEIXIS_UNARY_COUNT.rawValue) else {
            throw call.invalid("activation \(function) is unknown")
        }
    }

    var attributes: [(name: Name, value: Attribute)] {
        self == .identity
            ? [] : [("activation", .int(Int64(function))), ("alpha", .float(alpha)), ("beta", .float(beta))]
    }

    var kernel: deixis_activation { deixis_activation(function: function, alpha: alpha, beta: beta) }

    /// Applies it to `count` floats by the C reference.
    func applyReference(_ values: UnsafeMutablePointer<Float>, _ count: Int) {
        if self != .identity { deixis_unary_f32_select(0).pointee.run(kernel, values, values, count) }
    }
}

extension OperatorCall {
    /// `values`, each a float tensor of `shape`, or an error that says which input is not.
    func require(_ index: Int, shape: [Int]) throws(RuntimeError) {
        guard has(index) else { return }
        let found = try input(index)
        guard found.element == .float32, found.shape == shape else {
            throw invalid("input \(index) is \(found.element)\(found.shape), expected float32\(shape)")
        }
    }
}
