public import DeixisGraph
import Foundation

/// One way of running a graph that does not give what the graph as read gives.
public struct Difference: Error, CustomStringConvertible {
    public var way: String
    public var reason: String
    public var description: String { "\(way): \(reason)" }
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
        func run(_ way: Way) throws -> [Constant] {
            try named("\(way)") { try Runner.run(test.graph, test.inputs, way) }
        }
        func near(_ found: [Constant], _ way: String) throws {
            try Self.compare(found, expected.outputs, expected.tolerances, way)
        }

        let base = Way(dropPadding: false)
        let varied = test.varied(by: number % 2 == 0 ? 1 : -1), elsewhere = varied.flatMap { try? Expectation($0) }
        let (outputs, found, isQuantized) = try named("\(base)") {
            try Runner.runAgain(test, base, varied: elsewhere == nil ? nil : varied?.inputs)
        }
        try near(outputs, "\(base)")
        if let elsewhere, let found {
            try Self.compare(found, elsewhere.outputs, elsewhere.tolerances, "\(base), at other extents")
        }
        let plain = Way(optimize: false, dropPadding: false)
        // Kernels on the graph as read may round sums that references do not.
        try Self.compare(
            run(plain), expected.outputs, expected.tolerances.map { $0 == 0 ? 0 : $0 }, "\(plain)",
            floatsNeedNotBeExact: true)

        var ways = [Way(referenceOnly: true, dropPadding: false)]
        for name in Runner.instructionSets.dropLast() { ways.append(Way(instructionSet: name, dropPadding: false)) }
        for way in ways {
            let found = try run(way)
            if isQuantized {
                try Self.compare(found, outputs, outputs.map { _ in 0 }, "\(way) against \(base)")
            } else {
                try near(found, "\(way)")
            }
        }
        let exact = outputs.map { _ in 0.0 }
        for threads in isThorough ? [2, 3] : [2 + Int(number % 2)] {
            let way = Way(threads: threads, dropPadding: false)
            try Self.compare(run(way), outputs, exact, "\(way) against one thread")
        }
        if isThorough || number % 4 == 0 {
            let path = "\(folder)/\(number).deixis"
            defer { try? FileManager.default.removeItem(atPath: path) }
            let found = try named("compiled") { try Runner.runCompiled(test, base, path: path) }
            try Self.compare(found, outputs, exact, "compiled against \(base)")
        }
        if test.graph.inputs.count > 1 {
            for kept in isThorough ? Array(test.graph.inputs.indices) : [Int(number) % test.graph.inputs.count] {
                let found = try named("input \(kept) kept") { try Runner.runKept(test, base, kept: kept) }
                try Self.compare(found, outputs, exact, "input \(kept) kept against none")
            }
        }
        if test.inputs.contains(where: { $0.type == .int64 && $0.shape.count == 2 }) {
            try near(run(Way()), "padding dropped")
        }
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
                        "output \(i) is \(found[i].type)\(found[i].shape), expected \(expected[i].type)\(expected[i].shape)"
                )
            }
            let a = found[i].doubles, b = expected[i].doubles
            var allowed = tolerances[i]
            if allowed == 0, floatsNeedNotBeExact {
                allowed =
                    found[i].type == .float32
                    ? 1e-3 * b.reduce(0) { max($0, $1.isFinite ? $1.magnitude : 0) } + 1e-5 : 1
            }
            for at in a.indices where b[at].isFinite && allowed.isFinite {
                if a[at].isFinite, (a[at] - b[at]).magnitude <= allowed { continue }
                throw Difference(
                    way: way, reason: "output \(i)[\(at)] is \(a[at]), expected \(b[at]) (at most \(allowed) away)")
            }
        }
    }
}
