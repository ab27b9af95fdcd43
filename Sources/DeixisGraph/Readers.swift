/// Who reads each value: lists linked through the inputs of all nodes, so that a node leaves them in the time of its
/// own inputs, however many others read the same value.
///
/// A place is an input of a node, `none` where there is none; the inputs of a node stand side by side.
struct ReaderLists {
    private static let none = -1

    /// By place: whose input it is, and its neighbors in the list of the value that it reads.
    private var nodes: [Int] = [], before: [Int] = [], behind: [Int] = []
    /// By node: the place of its first input.
    private var starts: [Int] = []
    /// By value.
    private var firsts: [Int], lasts: [Int], counts: [Int]

    init(valueCount: Int) {
        firsts = Array(repeating: ReaderLists.none, count: valueCount)
        lasts = firsts
        counts = Array(repeating: 0, count: valueCount)
    }

    func count(_ value: ValueID) -> Int { counts[value.index] }
    func first(_ value: ValueID) -> Int { firsts[value.index] }
    func next(_ place: Int) -> Int { behind[place] }
    func node(_ place: Int) -> NodeID? { place == ReaderLists.none ? nil : NodeID(nodes[place]) }

    mutating func addValue() {
        firsts.append(ReaderLists.none)
        lasts.append(ReaderLists.none)
        counts.append(0)
    }

    /// A new node, the next in number.
    mutating func add(_ inputs: [ValueID?]) {
        let node = starts.count
        starts.append(nodes.count)
        for input in inputs {
            let place = nodes.count
            nodes.append(node)
            before.append(ReaderLists.none)
            behind.append(ReaderLists.none)
            guard let value = input?.index else { continue }
            join(lasts[value], place, of: value)
            lasts[value] = place
            counts[value] += 1
        }
    }

    /// `inputs` are those of `node`.
    mutating func remove(_ node: NodeID, _ inputs: [ValueID?]) {
        for (i, input) in inputs.enumerated() {
            guard let value = input?.index else { continue }
            let place = starts[node.index] + i
            join(before[place], behind[place], of: value)
            counts[value] -= 1
        }
    }

    /// Readers of `from` read `to`, after those it has.
    mutating func move(_ from: ValueID, to: ValueID) {
        if counts[from.index] == 0 { return }
        join(lasts[to.index], firsts[from.index], of: to.index)
        lasts[to.index] = lasts[from.index]
        counts[to.index] += counts[from.index]
        (firsts[from.index], lasts[from.index], counts[from.index]) = (ReaderLists.none, ReaderLists.none, 0)
    }

    /// Makes `second` follow `first` in the list of `value`, whose ends either may be.
    private mutating func join(_ first: Int, _ second: Int, of value: Int) {
        if first == ReaderLists.none { firsts[value] = second } else { behind[first] = second }
        if second == ReaderLists.none { lasts[value] = first } else { before[second] = first }
    }
}

/// The readers of one value, in the order they came; a node appears once for every input that reads it. Of use until
/// the graph changes.
public struct Readers: Sequence, IteratorProtocol {
    private let editor: GraphEditor
    private var place: Int

    init(_ editor: GraphEditor, of value: ValueID) { (self.editor, place) = (editor, editor.readers.first(value)) }

    public var first: NodeID? { editor.readers.node(place) }

    public mutating func next() -> NodeID? {
        guard let node = first else { return nil }
        place = editor.readers.next(place)
        return node
    }
}
