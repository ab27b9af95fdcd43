import DeixisGraph
import DeixisRuntime

/// How many graphs each rule of each pass changed, and in how many each kernel ran.
public struct Coverage {
    private var passes: [(name: String, rules: [Int], graphs: Int)] = []
    private var kernels: [String: Int] = [:]
    private var operators: [String: Int] = [:]
    private var graphs = 0

    public init() {}

    public mutating func add(_ test: DifferentialCase) throws {
        let trace = try PassTrace.passes(of: test.graph, at: test.inputs.map { $0.shape })
        if passes.isEmpty { passes = trace.map { ($0.name, $0.patches.map { _ in 0 }, 0) } }
        for (i, pass) in trace.enumerated() {
            for (rule, patches) in pass.patches.enumerated() where patches > 0 { passes[i].rules[rule] += 1 }
            if pass.patches.contains(where: { $0 > 0 }) { passes[i].graphs += 1 }
        }
        let context = try Session(Model(graph: test.graph), options: Way(dropPadding: false).options).makeContext()
        _ = try Runner.run(context, test.inputs)
        for kernel in Set(Runner.kernels(context)) { kernels[String(kernel), default: 0] += 1 }
        for op in Set(test.graph.nodes.map { "\($0.op)" }) { operators[op, default: 0] += 1 }
        graphs += 1
    }

    /// A table: passes in their order, then kernels and operators by name.
    public var description: String {
        func line(_ count: Int, _ name: String) -> String {
            String(repeating: " ", count: max(0, 9 - "\(count)".count)) + "\(count)  \(name)"
        }
        var lines = ["Of \(graphs) graphs, so many were changed by each pass (by each of its rules):"]
        for (name, rules, count) in passes where !rules.isEmpty {
            let each = rules.map { "\($0)" }.joined(separator: ", ")
            lines.append(line(count, name) + (rules.count > 1 ? " (\(each))" : ""))
        }
        lines.append("ran each kernel:")
        for (name, count) in kernels.sorted(by: { $0.key < $1.key }) { lines.append(line(count, name)) }
        lines.append("had each operator:")
        for (name, count) in operators.sorted(by: { $0.key < $1.key }) { lines.append(line(count, name)) }
        return lines.joined(separator: "\n")
    }
}
