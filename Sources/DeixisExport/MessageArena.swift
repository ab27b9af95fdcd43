import CDeixisProto
import DeixisGraph

/// Memory of one tree of protobuf-c messages, freed together. Tensor data is not in here: messages point to the
/// constants' own bytes.
final class MessageArena {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit { for block in blocks { block.deallocate() } }

    /// One message, set to its defaults by the generated `initialize`.
    func message<T>(_ initialize: (UnsafeMutablePointer<T>?) -> Void) -> UnsafeMutablePointer<T> {
        let pointer = allocate(T.self, count: 1)
        initialize(pointer)
        return pointer
    }

    /// The elements of a repeated field; nil when there are none.
    func array<T>(_ items: [T]) -> UnsafeMutablePointer<T>? {
        guard !items.isEmpty else { return nil }
        let pointer = allocate(T.self, count: items.count)
        pointer.initialize(from: items, count: items.count)
        return pointer
    }

    /// Zero-terminated, as protobuf-c wants strings. `GraphCheck` has refused names that hold a zero byte.
    func string(_ name: Name) -> UnsafeMutablePointer<CChar> {
        let count = name.bytes.count
        let pointer = allocate(CChar.self, count: count + 1)
        for (index, byte) in name.bytes.enumerated() { pointer[index] = CChar(bitPattern: byte) }
        pointer[count] = 0
        return pointer
    }

    func bytes(_ name: Name) -> ProtobufCBinaryData {
        ProtobufCBinaryData(len: name.bytes.count, data: array(name.bytes))
    }

    private func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        let pointer = UnsafeMutablePointer<T>.allocate(capacity: count)
        blocks.append(UnsafeMutableRawPointer(pointer))
        return pointer
    }
}
