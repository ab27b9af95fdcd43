import CDeixisSystem
import DeixisGraph

/// What a compiled file brings: graphs at the shapes it was compiled for, after all passes, and their weights
/// ready-packed. Immutable; shared by the sessions of a model.
final class CompiledModel: Sendable {
    typealias Proof = (long: [[Int]], short: [[Int]], mask: Int, holds: Bool)

    /// The file, for messages.
    let name: String
    let instructionSets: UInt32
    /// Inputs, outputs and metadata as the ONNX file had them; no nodes.
    let interface: Graph
    /// Between which input shapes padding may be dropped.
    let proofs: [Proof]
    /// The input shapes it was compiled for, and where in the file their graphs lie.
    private let graphs: [(shapes: [[Int]], range: Range<Int>)]
    private let reader: GraphReader
    /// Weights as kernels want them.
    let packings: [PackedWeights.Key: PackedWeights.Packing]
    private let file: ByteStorage
    /// Stands for the bytes of constants that the file has packed only: reads as 0.
    private let absent: ByteStorage

    init(name: String, instructionSets: UInt32, file: ByteStorage, index: Range<Int>, dataBegin: Int)
        throws(CompiledFileError)
    {
        self.name = name
        self.instructionSets = instructionSets
        self.file = file
        let dataEnd = file.bytes.count - 8
        func range(_ place: Int, _ count: Int) throws(CompiledFileError) -> Range<Int> {
            guard place >= 0, place % CompiledFile.alignment == 0, count >= 0, place <= dataEnd - dataBegin,
                count <= dataEnd - dataBegin - place
            else {
                throw .damaged("a part lies outside the file")
            }
            return dataBegin + place..<dataBegin + place + count
        }
        var from = IndexReader(file.bytes, index)
        absent = try CompiledModel.zeros(try from.long())
        var names: [Name] = []
        for _ in 0..<(try from.count()) { names.append(try from.name()) }
        var constants: [Constant] = [], missing = 0
        for _ in 0..<(try from.count(of: 16)) {
            guard let element = Int32(exactly: try from.number()).flatMap({ ElementType(rawValue: $0) }) else {
                throw IndexReader.damage
            }
            let spec = TensorSpec(element, try from.longs()), place = try from.long()
            guard spec.isRepresentable else { throw IndexReader.damage }
            if place == -1 {
                guard spec.byteCount <= absent.bytes.count - missing else { throw IndexReader.damage }
                constants.append(
                    Constant(
                        type: element, shape: spec.shape, storage: absent, range: missing..<missing + spec.byteCount))
                missing += spec.byteCount
            } else {
                constants.append(
                    Constant(type: element, shape: spec.shape, storage: file, range: try range(place, spec.byteCount)))
            }
        }
        var packings: [PackedWeights.Key: PackedWeights.Packing] = [:]
        for _ in 0..<(try from.count(of: 32)) {
            let constant = constants[try from.index(below: constants.count)],
                number = try from.index(below: constants.count + 1)
            let second = number == 0 ? nil : constants[number - 1], kind = try PackingKind(code: try from.long())
            let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[try range(try from.long(), try from.long())])
            let packed = ByteStorage(bytes: bytes, isMapped: true) { withExtendedLifetime(file) {} }
            packings[PackedWeights.Key(constant, with: second, kind)] = PackedWeights.Packing(
                kind: kind, packed: packed, source: constant, second: second)
        }
        self.packings = packings
        reader = GraphReader(names: names, constants: constants)
        var interface = try reader.graph(&from)
        (interface.name, interface.producer) = (try from.name(), try from.name())
        for _ in 0..<(try from.count(of: 8)) { interface.metadata.append((try from.name(), try from.name())) }
        self.interface = interface
        var proofs: [Proof] = []
        for _ in 0..<(try from.count(of: 12)) {
            proofs.append((try from.shapes(), try from.shapes(), try from.index(below: interface.inputs.count), true))
        }
        self.proofs = proofs
        var graphs: [(shapes: [[Int]], range: Range<Int>)] = []
        for _ in 0..<(try from.count(of: 12)) {
            let shapes = try from.shapes()
            guard shapes.count == interface.inputs.count else { throw IndexReader.damage }
            graphs.append((shapes, try from.skip()))
        }
        self.graphs = graphs
    }

    private static func zeros(_ count: Int) throws(CompiledFileError) -> ByteStorage {
        var mapping = deixis_mapping(bytes: nil, size: 0)
        guard count >= 0, count <= Shape.most else { throw IndexReader.damage }
        guard deixis_map_zeros(count, &mapping) == 0 else { throw .outOfMemory(OutOfMemory(byteCount: count)) }
        let base = UInt(bitPattern: mapping.bytes)
        return ByteStorage(bytes: UnsafeRawBufferPointer(start: mapping.bytes, count: count)) {
            var mapping = deixis_mapping(bytes: UnsafePointer(bitPattern: base), size: count)
            deixis_unmap_file(&mapping)
        }
    }

    var shapes: [[[Int]]] { graphs.map { $0.shapes } }

    /// The graph for `inputs`, ready to be planned.
    func graph(_ inputs: [TensorSpec]) throws(CompiledFileError) -> Graph {
        let shapes = inputs.map { $0.shape }
        guard let found = graphs.first(where: { $0.shapes == shapes }) else { throw .shapes(shapes) }
        var from = IndexReader(file.bytes, found.range)
        let graph = try reader.graph(&from)
        var isSound = graph.inputs.count == inputs.count && graph.outputs.count == interface.outputs.count
        for (id, spec) in zip(graph.inputs, inputs) where graph.spec(id) != spec { isSound = false }
        do throws(GraphError) { try graph.check() } catch { isSound = false }
        guard isSound else { throw IndexReader.damage }
        return graph
    }

    /// Whether only packings of `constant` are here, not its bytes.
    func lacks(_ constant: Constant) -> Bool { constant.storage === absent }
}
