import DeixisFiles

/// Reads a pickle of protocol 0 to 5 as data: the stack machine of Python's `pickletools`, without the part that calls.
///
/// A class or function is kept by name, and only if `globals` has it. Every opcode takes at least a byte of the file
/// and adds at most one value, so memory stays within a small multiple of the file's size.
struct PickleReader {
    let path: String
    let bytes: [UInt8]
    var at: Int
    let globals: Set<String>
    var tree = PickleTree()
    var stack: [PickleValue] = []
    var marks: [Int] = []
    var memo: [PickleValue] = []
    /// Where the opcode at work begins.
    var start = 0

    static let containerLimit = 1 << 24
    /// Values on the stack at once.
    static let stackLimit = 1 << 24

    init(path: String, bytes: [UInt8], at: Int = 0, globals: Set<String>) {
        (self.path, self.bytes, self.at, self.globals) = (path, bytes, at, globals)
    }

    /// The pickle that begins at `at`; afterwards `at` is behind its STOP.
    mutating func read() throws(PickleError) -> PickleTree {
        while true {
            start = at
            let opcode = try byte()
            if opcode == UInt8(ascii: ".") {
                guard stack.count == 1, marks.isEmpty else { throw malformed("one value at the end", "\(stack.count)") }
                tree.root = stack[0]
                return tree
            }
            try execute(opcode)
            guard stack.count <= Self.stackLimit else {
                throw .tooMany(path: path, what: "values waiting", limit: Self.stackLimit)
            }
        }
    }

    func malformed(_ expected: String, _ found: String) -> PickleError {
        .malformed(path: path, offset: start, expected: expected, found: found)
    }

    // MARK: Bytes

    mutating func byte() throws(PickleError) -> UInt8 {
        guard at < bytes.count else { throw malformed("another opcode or STOP", "the end of the file") }
        at += 1
        return bytes[at - 1]
    }

    mutating func take(_ count: Int) throws(PickleError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - at else {
            throw malformed("\(count) bytes", "\(bytes.count - at) before the end of the file")
        }
        at += count
        return bytes[at - count..<at]
    }

    /// Little-endian.
    mutating func number(_ width: Int) throws(PickleError) -> Int {
        let value = try take(width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let number = Int(exactly: value) else { throw malformed("a length", "\(value)") }
        return number
    }

    /// Up to the next LF, which is taken too.
    mutating func line(mayEndInReturn: Bool = false) throws(PickleError) -> ArraySlice<UInt8> {
        guard let end = bytes[at...].firstIndex(of: 0x0A) else { throw malformed("a line", "the end of the file") }
        let line = bytes[at..<end]
        at = end + 1
        if !mayEndInReturn, line.last == 0x0D { throw .lineEnds(path: path, offset: start) }
        return line
    }

    // MARK: The stack

    mutating func pop() throws(PickleError) -> PickleValue {
        guard stack.count > (marks.last ?? 0) else { throw malformed("a value on the stack", "none") }
        return stack.removeLast()
    }

    /// All values since the last MARK, which is taken too.
    mutating func popMarked() throws(PickleError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw malformed("a MARK on the stack", "none") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    func top() throws(PickleError) -> PickleValue {
        guard stack.count > (marks.last ?? 0), let value = stack.last else {
            throw malformed("a value on the stack", "none")
        }
        return value
    }

    /// Python numbers its memo without gaps, from 0 or 1.
    mutating func remember(_ index: Int) throws(PickleError) {
        let value = try top()
        guard index >= 0, index <= memo.count + 16 else { throw malformed("memo entry \(memo.count) next", "\(index)") }
        while memo.count <= index { memo.append(.none) }
        memo[index] = value
    }

    mutating func recall(_ index: Int) throws(PickleError) {
        guard memo.indices.contains(index) else {
            throw malformed("one of \(memo.count) memo entries", "entry \(index)")
        }
        stack.append(memo[index])
    }

    // MARK: New values

    private func checked(_ count: Int) throws(PickleError) -> Int32 {
        guard count < Self.containerLimit else {
            throw .tooMany(path: path, what: "lists, dictionaries and objects", limit: Self.containerLimit)
        }
        return Int32(count)
    }

    mutating func push(sequence: [PickleValue], isList: Bool) throws(PickleError) {
        let index = try checked(tree.sequences.count)
        tree.sequences.append(sequence)
        stack.append(isList ? .list(index) : .tuple(index))
    }

    mutating func push(dictionary: [(key: PickleValue, value: PickleValue)]) throws(PickleError) {
        let index = try checked(tree.dictionaries.count)
        tree.dictionaries.append(dictionary)
        stack.append(.dictionary(index))
    }

    mutating func push(object callee: PickleValue, _ arguments: PickleValue) throws(PickleError) {
        guard tree.name(callee) != nil else { throw malformed("a class or function to call", tree.label(callee)) }
        let index = try checked(tree.objects.count)
        tree.objects.append(PickleObject(callee: callee, arguments: arguments))
        stack.append(.object(index))
    }

    mutating func push(persistent id: PickleValue) throws(PickleError) {
        let index = try checked(tree.persistentIDs.count)
        tree.persistentIDs.append(id)
        stack.append(.persistent(index))
    }

    mutating func push(text: String) throws(PickleError) {
        guard let index = Int32(exactly: tree.texts.count) else {
            throw .tooMany(path: path, what: "strings", limit: Int(Int32.max))
        }
        tree.texts.append(text)
        stack.append(.text(index))
    }

    mutating func push(bytes: some Sequence<UInt8>, isInteger: Bool = false) throws(PickleError) {
        let index = try checked(tree.blobs.count)
        tree.blobs.append(Array(bytes))
        stack.append(isInteger ? .bigInteger(index) : .bytes(index))
    }

    mutating func push(global name: String) throws(PickleError) {
        guard globals.contains(name) else { throw .refusedGlobal(path: path, offset: start, name: name) }
        let index = try checked(tree.texts.count)
        tree.texts.append(name)
        stack.append(.global(index))
    }
}

extension PickleTree {
    static let fileLimit = 1 << 29

    /// - Parameter globals: names of classes and functions, `module.name`, that the pickle may hold.
    public init(file path: String, globals: Set<String> = []) throws(PickleError) {
        let bytes = try PickleError.file { () throws(FileError) in try readFile(path, limit: Self.fileLimit) }
        var reader = PickleReader(path: path, bytes: bytes, globals: globals)
        self = try reader.read()
    }
}
