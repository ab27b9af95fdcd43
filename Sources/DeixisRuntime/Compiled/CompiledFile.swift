import CDeixisSystem
import DeixisGraph

/// The compiled format's bytes (formats/compiled.md): header, index, data, checksum.
enum CompiledFile {
    static let magic: [UInt8] = [0x44, 0x45, 0x49, 0x58, 0x49, 0x53, 0x43]
    static let version: UInt8 = 3
    /// Of the packings that kernels of this version make and of what its passes leave in a graph; changed with them.
    static let layout: UInt64 = 6
    static let headerBytes = 64, pieceBytes = 1 << 20, alignment = 64

    static func isCompiled(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= headerBytes && magic.indices.allSatisfy { bytes[$0] == magic[$0] }
    }

    static func read(_ file: ByteStorage, name: String) throws(CompiledFileError) -> CompiledModel {
        let bytes = file.bytes
        func number(_ at: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) }
        guard bytes[7] == version else { throw .version(bytes[7]) }
        guard number(16) == layout else { throw .layout }
        guard number(24) == UInt64(bytes.count), bytes.count >= headerBytes + 8 else {
            throw .damaged("the file's size is not what it says")
        }
        guard try checksum(bytes) == number(bytes.count - 8) else { throw .damaged("its checksum is wrong") }
        guard number(32) <= UInt64(bytes.count - headerBytes - 8) else {
            throw .damaged("its index lies outside the file")
        }
        return try CompiledModel(
            name: name, instructionSets: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self), file: file,
            index: headerBytes..<headerBytes + Int(number(32)), dataBegin: dataBegin(indexBytes: Int(number(32))))
    }

    /// Of all but the last 8 bytes, in pieces that threads share.
    private static func checksum(_ bytes: UnsafeRawBufferPointer) throws(CompiledFileError) -> UInt64 {
        let end = bytes.count - 8, count = (end + pieceBytes - 1) / pieceBytes, sums = try memory(byteCount: count * 8)
        // Reading is bound by memory, which few cores exhaust.
        let workers = (try? Workers(threads: count < 8 ? 1 : min(Int(deixis_usable_cores()), 4))) ?? Workers()
        workers.forEach(count) { i in
            let begin = i * pieceBytes,
                piece = UnsafeRawBufferPointer(rebasing: bytes[begin..<min(begin + pieceBytes, end)])
            sums.pointer.storeBytes(
                of: deixis_checksum(UInt64(i), piece.baseAddress, piece.count), toByteOffset: i * 8, as: UInt64.self)
        }
        return deixis_checksum(0, sums.pointer, sums.byteCount)
    }

    private static func memory(byteCount: Int) throws(CompiledFileError) -> MutableBytes {
        do throws(RuntimeError) { return try MutableBytes(byteCount: byteCount) } catch {
            throw .outOfMemory(OutOfMemory(byteCount: byteCount))
        }
    }

    private static func dataBegin(indexBytes: Int) -> Int { aligned(headerBytes + indexBytes) }
    static func aligned(_ place: Int) -> Int { (place + alignment - 1) / alignment * alignment }

    // MARK: Writing

    /// `data`: what lies where, in order; places count from the beginning of the data and are multiples of `alignment`.
    static func write(
        _ path: String, instructionSets: UInt32, index: [UInt8], _ data: [(place: Int, bytes: UnsafeRawBufferPointer)]
    ) throws(CompiledFileError) {
        let begin = dataBegin(indexBytes: index.count), end = begin + (data.last.map { $0.place + $0.bytes.count } ?? 0)
        var header = IndexWriter()
        header.bytes = magic + [version]
        for number in [Int(instructionSets), Int(layout), end + 8, index.count, 0, 0, 0] { header.put(long: number) }
        var file: OpaquePointer?
        var code = path.withCString { deixis_file_begin($0, &file) }
        guard code == 0, let file else { throw .cannotWrite(reason: errorText(code)) }
        let stream: PieceStream
        do throws(CompiledFileError) { stream = try PieceStream(file) } catch {
            deixis_file_abort(file)
            throw error
        }
        header.bytes.withUnsafeBytes { stream.append($0) }
        index.withUnsafeBytes { stream.append($0) }
        for (place, bytes) in data {
            stream.fill(to: begin + place)
            stream.append(bytes)
        }
        stream.fill(to: end)
        stream.finish()
        code = deixis_file_commit(file)
        guard code == 0 else { throw .cannotWrite(reason: errorText(code)) }
    }

    /// Sums up pieces and writes some at a time: Linux then keeps the file in pages of 2 MiB, which are mapped at once.
    private final class PieceStream {
        private let file: OpaquePointer
        private let buffer: MutableBytes
        private var used = 0, written = 0
        private var sums: [UInt64] = []

        init(_ file: OpaquePointer) throws(CompiledFileError) {
            self.file = file
            buffer = try memory(byteCount: 8 * pieceBytes)
        }

        func append(_ bytes: UnsafeRawBufferPointer) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest.prefix(buffer.byteCount - used))
                if let from = part.baseAddress { (buffer.pointer + used).copyMemory(from: from, byteCount: part.count) }
                advance(part.count)
                rest = rest.dropFirst(part.count)
            }
        }

        func fill(to place: Int) {
            while written + used < place {
                buffer.pointer.storeBytes(of: 0, toByteOffset: used, as: UInt8.self)
                advance(1)
            }
        }

        private func advance(_ count: Int) {
            used += count
            if used == buffer.byteCount { flush() }
        }

        private func flush() {
            for begin in stride(from: 0, to: used, by: pieceBytes) {
                sums.append(deixis_checksum(UInt64(sums.count), buffer.pointer + begin, min(pieceBytes, used - begin)))
            }
            _ = deixis_file_append(file, buffer.pointer, used)
            written += used
            used = 0
        }

        func finish() {
            flush()
            sums.withUnsafeBytes {
                var sum = deixis_checksum(0, $0.baseAddress, $0.count)
                _ = deixis_file_append(file, &sum, 8)
            }
        }
    }

    static func errorText(_ code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 128)
        let length = buffer.withUnsafeMutableBytes {
            deixis_error_text(code, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return String(decoding: buffer.prefix(length), as: UTF8.self)
    }
}
