/// Who reads each value: lists linked through the inputs of all nodes, so that a node leaves them in the time of its own inputs, however
/// many others read the same value.
struct ReaderLists {
    /// An input of a node, `place` in numbers; -1: none.
    private struct Link {
        var node: NodeID
        var before = -1, behind = -1
    }

    private struct List {
        var first = -1, last = -1, count = 0
    }

    /// By place: inputs of a node stand side by side.
    private var links: [Link] = []
    /// By node: the place of its first input.
    private var starts: [Int] = []
    /// By value.
    private var lists: [List]

    init(valueCount: Int) { lists = Array(repeating: List(), count: valueCount) }

    func count(_ value: ValueID) -> Int { lists[value.index].count }
    func first(_ value: ValueID) -> Int { lists[value.index].first }
    func next(_ place: Int) -> Int { links[place].behind }
    func node(_ place: Int) -> NodeID { links[place].node }

    mutating func addValue() { lists.append(List()) }

    /// A new node, the next in number.
    mutating func add(_ inputs: [ValueID?]) {
        let node = NodeID(starts.count)
        starts.append(links.count)
        for input in inputs {
            let place = links.count
            links.append(Link(node: node))
            guard let value = input?.index else { continue }
            links[place].before = lists[value].last
            if lists[value].last >= 0 { links[lists[value].last].behind = place } else { lists[value].first = place }
            lists[value].last = place
            lists[value].count += 1
        }
    }

    /// `inputs` are those of `node`.
    mutating func remove(_ node: NodeID, _ inputs: [ValueID?]) {
        for (i, input) in inputs.enumerated() {
            guard let value = input?.index else { continue }
            let link = links[starts[node.index] + i]
            if link.before >= 0 { links[link.before].behind = link.behind } else { lists[value].first = link.behind }
            if link.behind >= 0 { links[link.behind].before = link.before } else { lists[value].last = link.before }
            lists[value].count -= 1
        }
    }

    /// Readers of `from` read `to`, after those it has.
    mutating func move(_ from: ValueID, to: ValueID) {
        let moved = lists[from.index]
        if moved.count == 0 { return }
        lists[from.index] = List()
        let last = lists[to.index].last
        if last >= 0 { links[last].behind = moved.first } else { lists[to.index].first = moved.first }
        links[moved.first].before = last
        lists[to.index].last = moved.last
        lists[to.index].count += moved.count
    }
}

/// The readers of one value, in the order they came; a node appears once for every input that reads it. Of use until the graph changes.
public struct Readers: Sequence, IteratorProtocol {
    private let editor: GraphEditor
    private var place: Int

    init(_ editor: GraphEditor, of value: ValueID) { (self.editor, place) = (editor, editor.readers.first(value)) }

    public var first: NodeID? { place < 0 ? nil : editor.readers.node(place) }

    public mutating func next() -> NodeID? {
        guard let node = first else { return nil }
        place = editor.readers.next(place)
        return node
    }
}
