public import DeixisGraph
import DeixisRuntime
import Foundation

/// One way of running a graph that does not give what the graph as read gives.
public struct Difference: Error, CustomStringConvertible {
    public var way: String
    public var reason: String
    /// The pass after which references first give something else; nil where none does.
    public var pass: String?
    public var description: String { "\(way): \(reason)" + (pass.map { "; first after \($0)" } ?? "") }
}

/// What came of one graph.
public enum Verdict {
    /// Whether all outputs had to be equal to the bit; whether some were not compared, for nothing is known of how far
    /// they may be off.
    case agrees(isExact: Bool, isOpen: Bool)
    /// The references themselves refuse it: the generator made no valid graph.
    case invalid(String)
    case differs(Difference)
}

/// Runs a graph in every way there is and compares.
public struct Differential: Sendable {
    /// Where compiled files are written for a moment.
    public var folder: String
    /// Every thread count and a compiled file for every graph, instead of by turns.
    public var isThorough = false

    public init(folder: String, isThorough: Bool = false) { (self.folder, self.isThorough) = (folder, isThorough) }

    public func check(_ test: DifferentialCase, number: UInt64 = 0) -> Verdict {
        let expected: Expectation
        do { expected = try Expectation(test) } catch { return .invalid("\(error)") }
        do {
            try compareAll(test, expected, number)
            return .agrees(
                isExact: expected.tolerances.allSatisfy { $0 == 0 },
                isOpen: !expected.tolerances.allSatisfy { $0.isFinite })
        } catch let difference as Difference {
            return .differs(difference)
        } catch {
            return .differs(Difference(way: "?", reason: "\(error)"))
        }
    }

    /// The pass after which the references first give something else than of the graph as read; nil where none does,
    /// and kernels are to blame, or what surrounds them.
    public static func blame(_ test: DifferentialCase) -> String? {
        guard let expected = try? Expectation(test) else { return nil }
        do {
            var name = "reading"
            for pass in try PassTrace.passes(of: test.graph, at: test.inputs.map { $0.shape }) {
                name = pass.name
                do {
                    let way = Way(optimize: false, referenceOnly: true, dropPadding: false)
                    let found = try Runner.run(Model(rewritten: pass.graph), test.inputs, way)
                    try compare(found, expected.outputs, expected.tolerances, "")
                } catch { return name }
            }
            return nil
        } catch {
            return "passes that fail: \(error)"
        }
    }

    /// Outputs of the graph as read by the references, and how far others may be from them.
    public struct Expectation {
        public var outputs: [Constant]
        public var tolerances: [Double]
        /// Every value of the graph.
        public var values: [ValueID: Constant]

        public init(_ test: DifferentialCase) throws {
            // All values at once, as outputs of the same graph.
            var all = test.graph
            all.outputs = test.graph.nodes.flatMap { $0.outputs.compactMap { $0 } }
            for id in test.graph.outputs where !all.outputs.contains(id) { all.outputs.append(id) }
            let results = try Runner.run(
                all, test.inputs, Way(optimize: false, referenceOnly: true, dropPadding: false))
            values = test.graph.constants
            for (id, tensor) in zip(test.graph.inputs, test.inputs) { values[id] = tensor }
            for (id, tensor) in zip(all.outputs, results) { values[id] = tensor }
            let bounds = Bounds(test.graph, values: values), known = values
            outputs = test.graph.outputs.compactMap { known[$0] }
            tolerances = test.graph.outputs.map { 8 * bounds.errors[$0.index] }
            // Steps of bytes are whole numbers already.
            for (i, id) in test.graph.outputs.enumerated() where known[id]?.type != .float32 { tolerances[i] /= 8 }
        }
    }

    /// The graph with the types that its outputs turn out to have, for a file.
    public static func typed(_ test: DifferentialCase) -> Graph {
        var graph = test.graph
        let outputs = (try? Expectation(test))?.outputs ?? []
        for (id, tensor) in zip(graph.outputs, outputs) {
            graph[id].type = TensorType(tensor.type, tensor.shape.map { .fixed($0) })
        }
        return graph
    }

    private func compareAll(_ test: DifferentialCase, _ expected: Expectation, _ number: UInt64) throws {
        func named<T>(_ way: String, _ body: () throws -> T) throws -> T {
            do { return try body() } catch let difference as Difference { throw difference } catch {
                throw Difference(way: way, reason: "\(error)")
            }
        }
        func run(_ model: Model, _ way: Way, _ name: String) throws -> [Constant] {
            try named(name) { try Runner.run(model, test.inputs, way) }
        }
        func near(_ found: [Constant], _ way: String) throws {
            try Self.compare(found, expected.outputs, expected.tolerances, way)
        }

        let base = Way(dropPadding: false), model = try named("model") { try Model(graph: test.graph) }
        let varied = test.varied(by: number % 2 == 0 ? 1 : -1), elsewhere = varied.flatMap { try? Expectation($0) }
        // One session is asked about other contents, about other shapes, then about the inputs.
        let context = try named("\(base)") { try Session(model, options: base.options).makeContext() }
        func again(_ inputs: [Constant]) throws -> [Constant] {
            try named("\(base)") { try Runner.run(context, inputs) }
        }
        let others = try again(test.others)
        if let elsewhere, let varied {
            try Self.compare(
                again(varied.inputs), elsewhere.outputs, elsewhere.tolerances, "\(base), at other extents")
        }
        let outputs = try again(test.inputs), exact = outputs.map { _ in 0.0 }
        try near(outputs, "\(base)")
        let isQuantized = Runner.isQuantized(context)

        let plain = Way(optimize: false, dropPadding: false)
        // Kernels on the graph as read may round sums that references do not.
        try Self.compare(
            run(model, plain, "\(plain)"), expected.outputs, expected.tolerances, "\(plain)",
            floatsNeedNotBeExact: true)

        // Passes know neither instruction set nor threads: what they made is run in all of these ways.
        guard let graph = context.plannedGraph else { return }
        let rewritten = Model(rewritten: graph)
        func each(_ way: Way, _ compare: ([Constant], String) throws -> Void) throws {
            try compare(run(rewritten, way.rewritten, "\(way)"), "\(way)")
            if isThorough { try compare(run(model, way, "\(way), from the start"), "\(way), from the start") }
        }
        var ways = [Way(referenceOnly: true, dropPadding: false)]
        for name in Runner.instructionSets.dropLast() { ways.append(Way(instructionSet: name, dropPadding: false)) }
        for way in ways {
            try each(way) { found, name in
                if isQuantized {
                    try Self.compare(found, outputs, exact, "\(name) against \(base)")
                } else {
                    try near(found, name)
                }
            }
        }
        for threads in isThorough ? [2, 3] : [2 + Int(number % 2)] {
            try each(Way(threads: threads, dropPadding: false)) { found, name in
                try Self.compare(found, outputs, exact, "\(name) against one thread")
            }
        }
        if isThorough || number % 4 == 0 {
            let path = "\(folder)/\(number).deixis"
            defer { try? FileManager.default.removeItem(atPath: path) }
            let found = try named("compiled") { try Runner.runCompiled(model, test.inputs, base, path: path) }
            try Self.compare(found, outputs, exact, "compiled against \(base)")
        }
        if isThorough || number % 8 == 1 {
            let found = try named("side by side") {
                try Runner.runSideBySide(test.graph, [test.inputs, test.others, test.inputs], base)
            }
            for (made, wanted) in zip(found, [outputs, others, outputs]) {
                try Self.compare(made, wanted, exact, "side by side against \(base)")
            }
        }
        if test.graph.inputs.count > 1 {
            for kept in isThorough ? Array(test.graph.inputs.indices) : [Int(number) % test.graph.inputs.count] {
                try named("input \(kept) kept") {
                    try compareKept(test, context, kept, outputs, elsewhere == nil ? nil : varied)
                }
            }
        }
        if test.inputs.contains(where: { $0.type == .int64 && $0.shape.count == 2 }) {
            try near(run(model, Way(), "padding dropped"), "padding dropped")
        }
    }

    /// One input kept, changed, copied and restored, here and in another context: always the bits of a run that keeps
    /// nothing.
    private func compareKept(
        _ test: DifferentialCase, _ context: RunContext, _ kept: Int, _ outputs: [Constant], _ varied: DifferentialCase?
    ) throws {
        func mixed(_ kept: Int, _ own: [Constant], _ rest: [Constant]) -> [Constant] {
            rest.indices.map { $0 == kept ? own[$0] : rest[$0] }
        }
        let a = mixed(kept, test.inputs, test.others), b = mixed(kept, test.others, test.inputs)
        let shapes = test.inputs.map { $0.shape }
        let first = try KeptRunner(context.session, kept: kept, shapes: shapes)
        let second = try KeptRunner(context.session, kept: kept, shapes: shapes)
        let plainA = try Runner.run(context, a), plainB = try Runner.run(context, b)
        func same(_ found: [Constant], _ expected: [Constant], _ step: String) throws {
            try Self.compare(found, expected, expected.map { _ in 0 }, "input \(kept) kept, \(step), against none")
        }
        try same(first.look(a), plainA, "first run")
        try same(first.change(test.inputs), outputs, "others changed")
        let copy = try first.copy()
        try same(first.whole(b), plainB, "itself changed")
        try first.restore(copy)
        try same(first.change(a), plainA, "restored")
        try second.restore(copy)
        try same(second.change(test.inputs), outputs, "restored in another context")
        guard let varied, varied.inputs[kept].shape == shapes[kept] else { return }
        let plain = try Runner.run(context, varied.inputs)
        try second.prepare(varied.inputs.map { $0.shape })
        try same(second.change(varied.inputs), plain, "others' extents changed")
        try second.prepare(shapes)
        try same(second.change(a), plainA, "others' extents changed back")
    }

    /// Throws where `found` is further from `expected` than allowed. Numbers that are not finite are left alone.
    public static func compare(
        _ found: [Constant], _ expected: [Constant], _ tolerances: [Double], _ way: String,
        floatsNeedNotBeExact: Bool = false
    ) throws {
        guard found.count == expected.count else {
            throw Difference(way: way, reason: "\(found.count) outputs, expected \(expected.count)")
        }
        for i in found.indices {
            guard found[i].type == expected[i].type, found[i].shape == expected[i].shape else {
                throw Difference(
                    way: way,
                    reason:
                        "output \(i) is \(found[i].type)\(found[i].shape), "
                        + "expected \(expected[i].type)\(expected[i].shape)"
                )
            }
            let a = found[i].doubles, b = expected[i].doubles
            var allowed = tolerances[i]
            if allowed == 0, floatsNeedNotBeExact {
                switch found[i].type {
                case .float32: allowed = 1e-3 * b.reduce(0) { max($0, $1.isFinite ? $1.magnitude : 0) } + 1e-5
                case .float64, .float16: break
                default: allowed = 1
                }
            }
            for at in a.indices where b[at].isFinite && allowed.isFinite {
                if a[at].isFinite, (a[at] - b[at]).magnitude <= allowed { continue }
                throw Difference(
                    way: way, reason: "output \(i)[\(at)] is \(a[at]), expected \(b[at]) (at most \(allowed) away)")
            }
        }
    }
}
