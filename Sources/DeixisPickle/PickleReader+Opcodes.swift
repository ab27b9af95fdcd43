extension PickleReader {
    /// One opcode, named as `pickletools` names it. Those that run a registered extension or take bytes from outside of
    /// the file are refused with the unknown ones.
    mutating func execute(_ opcode: UInt8) throws(PickleError) {
        switch opcode {
        case 0x80:  // PROTO
            let version = try byte()
            guard version <= 5 else { throw malformed("a pickle of protocol 0 to 5", "protocol \(version)") }
        case 0x95: _ = try take(8)  // FRAME
        case UInt8(ascii: "("): marks.append(stack.count)  // MARK
        case UInt8(ascii: "0"): if try !popOneMark() { _ = try pop() }  // POP
        case UInt8(ascii: "1"): _ = try popMarked()  // POP_MARK
        case UInt8(ascii: "2"): stack.append(try top())  // DUP

        case UInt8(ascii: "p"): try remember(try decimal())  // PUT
        case UInt8(ascii: "q"): try remember(try number(1))  // BINPUT
        case UInt8(ascii: "r"): try remember(try number(4))  // LONG_BINPUT
        case 0x94: try remember(memo.count)  // MEMOIZE
        case UInt8(ascii: "g"): try recall(try decimal())  // GET
        case UInt8(ascii: "h"): try recall(try number(1))  // BINGET
        case UInt8(ascii: "j"): try recall(try number(4))  // LONG_BINGET

        case UInt8(ascii: "N"): stack.append(.none)  // NONE
        case 0x88: stack.append(.bool(true))  // NEWTRUE
        case 0x89: stack.append(.bool(false))  // NEWFALSE
        case UInt8(ascii: "I"), UInt8(ascii: "L"): try integerLine()  // INT, LONG
        case UInt8(ascii: "J"): stack.append(.integer(Int64(Int32(truncatingIfNeeded: try number(4)))))  // BININT
        case UInt8(ascii: "K"): stack.append(.integer(Int64(try number(1))))  // BININT1
        case UInt8(ascii: "M"): stack.append(.integer(Int64(try number(2))))  // BININT2
        case 0x8A: try integer(try number(1))  // LONG1
        case 0x8B: try integer(try number(4))  // LONG4
        case UInt8(ascii: "F"): try floatLine()  // FLOAT
        case UInt8(ascii: "G"):  // BINFLOAT, the only number with its highest byte first
            stack.append(.float(Double(bitPattern: try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })))

        case UInt8(ascii: "S"): try push(text: try PickleText.quoted(try line(), in: self))  // STRING
        case UInt8(ascii: "V"): try push(text: PickleText.rawUnicode(try line(mayEndInReturn: true)))  // UNICODE
        case UInt8(ascii: "U"): try push(text: PickleText.eightBit(try take(try number(1))))  // SHORT_BINSTRING
        case UInt8(ascii: "T"): try push(text: PickleText.eightBit(try take(try number(4))))  // BINSTRING
        case 0x8C: try push(text: String(decoding: try take(try number(1)), as: UTF8.self))  // SHORT_BINUNICODE
        case UInt8(ascii: "X"): try push(text: String(decoding: try take(try number(4)), as: UTF8.self))  // BINUNICODE
        case 0x8D: try push(text: String(decoding: try take(try number(8)), as: UTF8.self))  // BINUNICODE8
        case UInt8(ascii: "C"): try push(bytes: try take(try number(1)))  // SHORT_BINBYTES
        case UInt8(ascii: "B"): try push(bytes: try take(try number(4)))  // BINBYTES
        case 0x8E, 0x96: try push(bytes: try take(try number(8)))  // BINBYTES8, BYTEARRAY8

        case UInt8(ascii: "]"), 0x8F: try push(sequence: [], isList: true)  // EMPTY_LIST, EMPTY_SET
        case UInt8(ascii: "l"), 0x91: try push(sequence: try popMarked(), isList: true)  // LIST, FROZENSET
        case UInt8(ascii: ")"): try push(sequence: [], isList: false)  // EMPTY_TUPLE
        case UInt8(ascii: "t"): try push(sequence: try popMarked(), isList: false)  // TUPLE
        case 0x85, 0x86, 0x87: try tuple(Int(opcode - 0x84))  // TUPLE1, TUPLE2, TUPLE3
        case UInt8(ascii: "a"):  // APPEND
            let value = try pop()
            try append([value])
        case UInt8(ascii: "e"), 0x90: try append(try popMarked())  // APPENDS, ADDITEMS
        case UInt8(ascii: "}"): try push(dictionary: [])  // EMPTY_DICT
        case UInt8(ascii: "d"): try push(dictionary: try pairs(try popMarked()))  // DICT
        case UInt8(ascii: "s"):  // SETITEM
            let value = try pop(), key = try pop()
            try set([(key, value)])
        case UInt8(ascii: "u"): try set(try pairs(try popMarked()))  // SETITEMS

        case UInt8(ascii: "c"):  // GLOBAL
            let module = String(decoding: try line(), as: UTF8.self), name = String(decoding: try line(), as: UTF8.self)
            try push(global: module + "." + name)
        case 0x93:  // STACK_GLOBAL
            let name = try pop(), module = try pop()
            guard let name = tree.text(name), let module = tree.text(module) else {
                throw malformed("a name of text", tree.label(name))
            }
            try push(global: module + "." + name)
        case UInt8(ascii: "R"), 0x81:  // REDUCE, NEWOBJ
            let arguments = try pop(), callee = try pop()
            try push(object: callee, arguments)
        case 0x92:  // NEWOBJ_EX
            _ = try pop()
            let arguments = try pop(), callee = try pop()
            try push(object: callee, arguments)
        case UInt8(ascii: "i"):  // INST
            let module = String(decoding: try line(), as: UTF8.self), name = String(decoding: try line(), as: UTF8.self)
            let arguments = try popMarked()
            try push(global: module + "." + name)
            let callee = try pop()
            try push(sequence: arguments, isList: false)
            try push(object: callee, try pop())
        case UInt8(ascii: "o"):  // OBJ
            let values = try popMarked()
            guard let callee = values.first else { throw malformed("a class to make an object of", "none") }
            try push(sequence: Array(values.dropFirst()), isList: false)
            try push(object: callee, try pop())
        case UInt8(ascii: "b"):  // BUILD
            let state = try pop()
            guard case .object(let index) = try top() else {
                throw malformed("an object to take a state", tree.label(try top()))
            }
            tree.objects[Int(index)].state = state
        case UInt8(ascii: "Q"): try push(persistent: try pop())  // BINPERSID
        case UInt8(ascii: "P"):  // PERSID
            try push(text: String(decoding: try line(), as: UTF8.self))
            try push(persistent: try pop())
        default: throw malformed("an opcode of a pickle", "byte \(opcode)")
        }
    }

    /// POP takes a MARK where that is on top.
    private mutating func popOneMark() throws(PickleError) -> Bool {
        guard marks.last == stack.count else { return false }
        marks.removeLast()
        return true
    }

    private mutating func decimal() throws(PickleError) -> Int {
        let text = String(decoding: try line(), as: UTF8.self)
        guard let value = Int(text) else { throw malformed("a decimal number", "'\(text.prefix(20))'") }
        return value
    }

    /// `I01` and `I00` are True and False; Python 2 ends longs with L.
    private mutating func integerLine() throws(PickleError) {
        let text = String(decoding: try line(), as: UTF8.self)
        if text == "01" || text == "00" { return stack.append(.bool(text == "01")) }
        let digits = text.hasSuffix("L") ? text.dropLast() : text[...]
        if let value = Int64(digits) { return stack.append(.integer(value)) }
        // Of more than 64 bits: nobody needs all of them.
        guard digits.drop(while: { $0 == "-" }).allSatisfy(\.isNumber), let value = Double(digits) else {
            throw malformed("an integer", "'\(text.prefix(20))'")
        }
        stack.append(.float(value))
    }

    private mutating func floatLine() throws(PickleError) {
        let text = String(decoding: try line(), as: UTF8.self)
        guard let value = Double(text) else { throw malformed("a float", "'\(text.prefix(20))'") }
        stack.append(.float(value))
    }

    /// Two's complement of `count` bytes, lowest first.
    private mutating func integer(_ count: Int) throws(PickleError) {
        let digits = try take(count)
        guard count > 8 else {
            let bits = digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let shift = UInt64(64 - 8 * max(count, 1))
            return stack.append(.integer(Int64(bitPattern: bits << shift) >> Int64(shift)))
        }
        try push(bytes: digits, isInteger: true)
    }

    private mutating func tuple(_ count: Int) throws(PickleError) {
        var values: [PickleValue] = []
        for _ in 0..<count { values.append(try pop()) }
        try push(sequence: values.reversed(), isList: false)
    }

    private mutating func append(_ values: [PickleValue]) throws(PickleError) {
        guard case .list(let index) = try top() else { throw malformed("a list to append to", tree.label(try top())) }
        tree.sequences[Int(index)] += values
    }

    private func pairs(_ values: [PickleValue]) throws(PickleError) -> [(key: PickleValue, value: PickleValue)] {
        guard values.count % 2 == 0 else { throw malformed("a value for every key", "\(values.count) keys and values") }
        return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
    }

    private mutating func set(_ pairs: [(key: PickleValue, value: PickleValue)]) throws(PickleError) {
        switch try top() {
        case .dictionary(let index): tree.dictionaries[Int(index)] += pairs
        case .object(let index): tree.objects[Int(index)].items += pairs
        case let other: throw malformed("a dictionary to fill", tree.label(other))
        }
    }
}
