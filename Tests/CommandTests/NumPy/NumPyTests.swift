import DeixisGraph
import Foundation
import Testing

@testable import deixis

/// Files that NumPy 2 wrote (tools/oracles/make-npy.py), files this writer wrote, and files nobody should write.
@Suite struct NumPyTests {
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "../Fixtures/npy")

    /// Every fixture holds 0, 1, 2, ... 5 in row-major order of shape (2, 3), whatever its type, byte order and storage
    /// order.
    @Test(arguments: [
        ("f4", ElementType.float32), ("f8", .float64), ("f2", .float16), ("b1", .bool), ("u1", .uint8), ("i1", .int8),
        ("u2", .uint16),
        ("i2", .int16), ("u4", .uint32), ("i4", .int32), ("u8", .uint64), ("i8", .int64), ("f4-big", .float32),
        ("i8-big", .int64),
        ("f4-fortran", .float32), ("i2-fortran-big", .int16), ("f4-v2", .float32), ("f4-v3", .float32),
        ("bf16", .bfloat16),
    ])
    func readsWhatNumPyWrites(name: String, type: ElementType) throws {
        let file = [UInt8](try Data(contentsOf: Self.fixtures.appendingPathComponent(name + ".npy")))
        let array = try NumPyArray(file: file)
        #expect(array.type == type)
        #expect(array.shape == [2, 3])
        #expect(numbers(array) == (type == .bool ? [0, 1, 1, 1, 1, 1] : [0, 1, 2, 3, 4, 5]))
    }

    /// Byte for byte what `numpy.save` writes.
    @Test(arguments: ["f4", "f8", "f2", "b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"])
    func writesWhatNumPyWrites(name: String) throws {
        let file = [UInt8](try Data(contentsOf: Self.fixtures.appendingPathComponent(name + ".npy")))
        #expect(try NumPyArray(file: file).encoded() == file)
    }

    @Test(arguments: [[], [0], [7], [1, 2, 3, 4, 5], [3, 0, 2], Array(repeating: 1, count: 64)])
    func comesBack(shape: [Int]) throws {
        let count = shape.reduce(1, *)
        let array = NumPyArray(
            type: .int32, shape: shape, bytes: (0..<count * 4).map { UInt8(truncatingIfNeeded: $0 * 37) })
        let file = array.encoded()
        #expect((file.count - array.bytes.count) % 64 == 0)
        let again = try NumPyArray(file: file)
        #expect(again.shape == shape && again.bytes == array.bytes && again.type == .int32)
    }

    @Test func fortranOrderOfThreeAxes() throws {
        // Element (i, j, k) of shape (2, 3, 4) is 12 i + 4 j + k; stored with i fastest.
        var stored: [UInt8] = []
        for k in 0..<4 { for j in 0..<3 { for i in 0..<2 { stored.append(UInt8(12 * i + 4 * j + k)) } } }
        let file = make("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4)}", stored)
        #expect(try NumPyArray(file: file).bytes == Array(0..<24))
    }

    @Test(arguments: [
        "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"|u1\"}",
        " { 'descr' : '=u1', 'fortran_order':False , 'shape':( 2L , ) , } \n\n",
        "{'descr': '>u1', 'fortran_order': True, 'shape': (1, 2)}",
    ])
    func headersAreReadLiberally(text: String) throws {
        #expect(try NumPyArray(file: make(text, [8, 9])).bytes == [8, 9])
    }

    @Test(arguments: [
        ("[1]", "expected '{', got '[1]'"), ("", "expected '{', got the end"),
        ("{'descr': '<f4'}", "no key 'fortran_order'"),
        ("{'descr': '<f4', 'descr': '<f4'}", "the key 'descr' comes twice"), ("{'x': 1}", "unknown key 'x'"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", "structured arrays are not supported"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", "expected True or False, got '0, 'shape': '"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "expected an extent, got '-1,)}'"),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "expected an extent, got '999999999999'"
        ),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3}", "expected ')', got '}'"),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 8)}",
            "the shape [4611686018427387904, 8] has too many elements to count, more than the limit of 1099511627776"
        ),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1)} x", "text after the dictionary"),
        ("{'descr", "a string does not end"),
        ("{'descr': '<\\x66'}", "a string holds more than plain characters"),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (" + String(repeating: "1,", count: 65) + ")}",
            "more than 64 axes"
        ),
    ])
    func malformedHeadersAreNamed(text: String, reason: String) {
        #expect(throws: NumPyError.header(reason)) { try NumPyArray(file: make(text, [])) }
    }

    @Test(arguments: ["<c8", "<U5", "|S3", "|O", "<M8[ns]", "f4", "", "<f", "é4"])
    func otherTypesAreRefused(descriptor: String) {
        let text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (1,)}"
        let expected: NumPyError =
            descriptor == "é4" ? .header("a string holds more than plain characters") : .elementType(descriptor)
        #expect(throws: expected) { try NumPyArray(file: make(text, [0, 0, 0, 0])) }
    }

    @Test func sizesMustAgree() throws {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}"
        for count in [0, 23, 25] {
            #expect(throws: NumPyError.size(type: .float32, shape: [2, 3], expected: 24, got: count)) {
                try NumPyArray(file: make(text, [UInt8](repeating: 0, count: count)))
            }
        }
    }

    /// No prefix and no flipped byte of a good file may do worse than throw.
    @Test func damagedFilesThrow() throws {
        let good = [UInt8](try Data(contentsOf: Self.fixtures.appendingPathComponent("i2-fortran-big.npy")))
        for count in 0..<good.count { #expect(throws: NumPyError.self) { try NumPyArray(file: Array(good[..<count])) } }
        for index in good.indices {
            for bit in 0..<8 {
                var bad = good
                bad[index] ^= 1 << bit
                if let array = try? NumPyArray(file: bad) {
                    #expect(array.bytes.count == array.shape.reduce(1, *) * (array.type.byteCount ?? 0))
                }
            }
        }
        #expect(throws: NumPyError.notNumPy) { try NumPyArray(file: Array("PK\u{3}\u{4}".utf8)) }
        #expect(throws: NumPyError.version(major: 4, minor: 0)) {
            try NumPyArray(file: [0x93] + Array("NUMPY".utf8) + [4, 0, 0, 0])
        }
    }

    private func make(_ header: String, _ body: [UInt8]) -> [UInt8] {
        let text = Array(header.utf8)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count & 255), UInt8(text.count >> 8)] + text + body
    }

    private func numbers(_ array: NumPyArray) -> [Double] {
        array.bytes.withUnsafeBytes { raw in
            (0..<6).map { i in
                switch array.type {
                case .float32: Double(raw.loadUnaligned(fromByteOffset: 4 * i, as: Float.self))
                case .float64: raw.loadUnaligned(fromByteOffset: 8 * i, as: Double.self)
                case .float16:
                    [0, 0x3C00, 0x4000, 0x4200, 0x4400, 0x4500].firstIndex(
                        of: raw.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
                    ).map(Double.init) ?? -1
                case .bfloat16:
                    Double(Float(bitPattern: UInt32(raw.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)) << 16))
                case .bool, .uint8, .int8: Double(raw.loadUnaligned(fromByteOffset: i, as: UInt8.self))
                case .uint16, .int16: Double(raw.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
                case .uint32, .int32: Double(raw.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
                case .uint64, .int64: Double(raw.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self))
                case .string: -1
                }
            }
        }
    }
}
