import CDeixisSystem
import DeixisGraph

/// Index and data of a compiled file, made from plans.
struct Compilation {
    let index: [UInt8]
    private(set) var data: [(place: Int, bytes: UnsafeRawBufferPointer)] = []

    /// Sources smaller than this stay beside their packings: planning reads small constants.
    private static let smallest = 4096

    init(
        _ plans: [(shapes: [[Int]], plan: Plan)], _ weights: PackedWeights, interface: Graph,
        proofs: [CompiledModel.Proof]
    ) {
        let table = ConstantTable()
        var graphs = GraphWriter { table.number($0) }, parts = IndexWriter()
        parts.put(plans.count)
        for (shapes, plan) in plans {
            var part = IndexWriter()
            graphs.put(plan.graph, &part)
            parts.put(shapes)
            parts.put(long: part.bytes.count)
            parts.bytes += part.bytes
        }
        var outside = Graph(opset: interface.opset)
        (outside.values, outside.inputs, outside.outputs) = (interface.values, interface.inputs, interface.outputs)
        var front = IndexWriter()
        graphs.put(outside, &front)
        for name in [interface.name, interface.producer] { front.put(name) }
        front.put(interface.metadata.count)
        for (key, value) in interface.metadata { for name in [key, value] { front.put(name) } }
        front.put(proofs.count)
        for proof in proofs {
            front.put(proof.long)
            front.put(proof.short)
            front.put(proof.mask)
        }

        let tables = [weights.entries] + plans.map { $0.plan.packings }, packings = table.packings(tables),
            needed = table.read(inPlaceBy: plans.map { $0.plan }, tables)
        var end = 0, absentBytes = 0, constants = IndexWriter(), packed = IndexWriter()
        func add(_ bytes: UnsafeRawBufferPointer, _ data: inout [(place: Int, bytes: UnsafeRawBufferPointer)]) -> Int {
            let place = CompiledFile.aligned(end)
            data.append((place, bytes))
            end = place + bytes.count
            return place
        }
        constants.put(table.constants.count)
        packed.put(packings.count)
        for (number, constant) in table.constants.enumerated() {
            let own = packings.filter { $0.number == number }
            constants.put(Int(constant.type.rawValue))
            constants.put(constant.shape)
            let isAbsent = !own.isEmpty && constant.range.count >= Compilation.smallest && !needed.contains(number)
            if isAbsent { absentBytes += constant.range.count }
            constants.put(long: isAbsent ? -1 : add(constant.bytes, &data))
            for packing in own {
                packed.put(number)
                packed.put(packing.second.map { $0 + 1 } ?? 0)
                packed.put(long: packing.code)
                packed.put(long: add(packing.bytes.bytes, &data))
                packed.put(long: packing.bytes.bytes.count)
            }
        }
        var all = IndexWriter()
        all.put(long: absentBytes)
        all.put(graphs.names.count)
        for name in graphs.names { all.put(name) }
        index = all.bytes + constants.bytes + packed.bytes + front.bytes + parts.bytes
    }
}

/// The constants that the graphs of a compiled file use, each once: every plan's passes may make them anew.
private final class ConstantTable {
    private struct Place: Hashable {
        var storage: ObjectIdentifier
        var offset: Int, count: Int

        init(_ constant: Constant) {
            storage = ObjectIdentifier(constant.storage)
            (offset, count) = (constant.range.lowerBound, constant.range.count)
        }
    }

    private(set) var constants: [Constant] = []
    private var places: [Place: [Int]] = [:]
    private var contents: [UInt64: [Int]] = [:]

    func number(_ constant: Constant) -> Int {
        func isAlike(_ i: Int) -> Bool { constants[i].type == constant.type && constants[i].shape == constant.shape }
        if let known = places[Place(constant)]?.first(where: isAlike) { return known }
        let bytes = constant.bytes, sum = deixis_checksum(0, bytes.baseAddress, bytes.count)
        let number: Int
        if let known = contents[sum]?.first(where: { isAlike($0) && constants[$0].bytes.elementsEqual(bytes) }) {
            number = known
        } else {
            number = constants.count
            constants.append(constant)
            contents[sum, default: []].append(number)
        }
        places[Place(constant), default: []].append(number)
        return number
    }

    private func known(_ constant: Constant) -> Int? {
        places[Place(constant)]?.first { constants[$0].type == constant.type && constants[$0].shape == constant.shape }
    }

    /// Packings of these constants, each once; copies for alignment left out.
    func packings(_ tables: [PackedWeights.Table]) -> [(number: Int, second: Int?, code: Int, bytes: ByteStorage)] {
        struct Key: Hashable { var number: Int, second: Int?, code: Int }
        var found: [Key: ByteStorage] = [:]
        for table in tables {
            for (_, packing) in table {
                if case .aligned = packing.kind { continue }
                // What no graph has any more nothing will ask for.
                guard let number = known(packing.source) else { continue }
                let second = packing.second.flatMap { known($0) }
                if second == nil, packing.second != nil { continue }
                found[Key(number: number, second: second, code: packing.kind.code)] = packing.packed
            }
        }
        return found.map { ($0.key.number, $0.key.second, $0.key.code, $0.value) }.sorted {
            ($0.number, $0.code, $0.second ?? -1) < ($1.number, $1.code, $1.second ?? -1)
        }
    }

    /// Constants whose own bytes a plan or a kernel reads.
    func read(inPlaceBy plans: [Plan], _ tables: [PackedWeights.Table]) -> Set<Int> {
        var result: Set<Int> = []
        for table in tables {
            for (_, packing) in table where packing.readsSource {
                if let number = known(packing.source) { result.insert(number) }
            }
        }
        for plan in plans {
            var unread: Set<ValueID> = []
            for step in plan.steps {
                for (i, id) in step.node.inputs.enumerated() {
                    if let id, step.kernel.unused.contains(i) { unread.insert(id) }
                }
            }
            func read(_ id: ValueID?) {
                if let id, let constant = plan.graph.constants[id] { result.insert(number(constant)) }
            }
            for step in plan.steps {
                for (i, id) in step.node.inputs.enumerated() where !step.kernel.unused.contains(i) { read(id) }
            }
            // Views have no step: what looks into a constant reads it.
            for node in plan.graph.nodes { for case let id? in node.inputs where !unread.contains(id) { read(id) } }
            for id in plan.graph.outputs { read(id) }
        }
        return result
    }
}
