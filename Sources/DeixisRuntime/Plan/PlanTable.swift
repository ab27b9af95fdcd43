import DeixisGraph

/// The plans of a session by input shapes, and what was found out on the way to them. `Shared` guards it: every member
/// but `init` is asked with the lock held, or takes it.
final class PlanTable: @unchecked Sendable {
    struct Key: Equatable {
        var shapes: [[Int]]
        /// What the inputs that decide shapes hold.
        var contents: [[UInt8]]
        var keeping: [Int]
    }

    /// The latest last.
    private var plans: [(key: Key, plan: Plan)] = []
    private let limit: Int
    /// Positions of inputs whose content decides shapes.
    private(set) var contentInputs: [Int] = []
    /// Pairs of input shapes between which `Session+Padding` has an answer.
    private var proofs: [CompiledModel.Proof]
    var times = LoadTimes()
    /// The portable graph at the shapes asked about last: a proof and the plan that it allows share it.
    var specialized: (specs: [TensorSpec], graph: Graph)?

    init(limit: Int, proofs: [CompiledModel.Proof]) {
        self.limit = max(limit, 1)
        self.proofs = proofs
    }

    func find(_ key: Key) -> Plan? {
        Shared.locked {
            guard let at = plans.firstIndex(where: { $0.key == key }) else { return nil }
            let entry = plans.remove(at: at)
            plans.append(entry)
            return entry.plan
        }
    }

    func add(_ key: Key, _ plan: Plan) {
        let old = Shared.locked {
            let old = plans.count >= limit ? plans.removeFirst() : nil
            plans.append((key, plan))
            return old
        }
        // Its memory goes without the lock.
        withExtendedLifetime(old) {}
    }

    /// Kept parts of all plans.
    var keptParts: [KeptPart] { Shared.locked { plans.compactMap { $0.plan.kept } } }

    /// Plans that hold whatever the inputs hold, one for each set of shapes.
    var compilable: [(shapes: [[Int]], plan: Plan)] {
        var found: [(shapes: [[Int]], plan: Plan)] = []
        for (key, plan) in Shared.locked({ plans })
        where key.contents.isEmpty && !found.contains(where: { $0.shapes == key.shapes }) {
            found.append((key.shapes, plan))
        }
        return found
    }

    /// Of a model of so many inputs.
    func contentDecides(_ inputs: [Int], of inputCount: Int) {
        Shared.locked {
            var isNew = [Bool](repeating: true, count: inputCount)
            for input in contentInputs { isNew[input] = false }
            for input in inputs where isNew[input] {
                contentInputs.append(input)
                isNew[input] = false
            }
        }
    }

    // MARK: Padding

    var provenProofs: [CompiledModel.Proof] { Shared.locked { proofs.filter { $0.holds } } }

    func proof(from long: [[Int]], to short: [[Int]], mask: Int) -> Bool? {
        Shared.locked { proofs.first { $0.long == long && $0.short == short && $0.mask == mask }?.holds }
    }

    func isProven(_ shapes: [[Int]]) -> Bool { Shared.locked { proofs.contains { $0.holds && $0.short == shapes } } }

    func add(_ proof: CompiledModel.Proof) {
        Shared.locked {
            if proofs.count >= 1024 { proofs.removeFirst() }
            proofs.append(proof)
        }
    }
}
