import CDeixisSystem
import DeixisGraph

/// The compiled format's bytes (formats/compiled.md).
enum CompiledFile {
    static let magic: [UInt8] = [0x44, 0x45, 0x49, 0x58, 0x49, 0x53, 0x43]
    static let version: UInt8 = 2
    static let page = 4096
    static let headerBytes = 64, checkedHeaderBytes = 48, entryBytes = 40, pieceBytes = 1 << 20

    static func isCompiled(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= headerBytes && magic.indices.allSatisfy { bytes[$0] == magic[$0] }
    }

    // MARK: Reading

    static func read(_ file: ByteStorage) throws(CompiledFileError) -> CompiledWeights {
        let bytes = file.bytes
        func number(_ at: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) }
        func range(_ at: Int, _ count: UInt64) throws(CompiledFileError) -> Range<Int> {
            let begin = number(at)
            guard begin >= headerBytes, begin <= UInt64(bytes.count), count <= UInt64(bytes.count) - begin else { throw .damaged("a part lies outside the file") }
            return Int(begin)..<Int(begin) + Int(count)
        }
        guard bytes[7] == version else { throw .version(bytes[7]) }
        guard number(56) == CompiledWeights.layout else { throw .layout }
        guard number(40) == UInt64(bytes.count) else { throw .damaged("the file's size is not what it says") }
        let count = Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        let model = try range(16, number(24)), table = try range(32, UInt64(count * entryBytes))
        var entries: [CompiledWeights.Entry] = []
        for i in 0..<count {
            let at = table.lowerBound + i * entryBytes
            let source = number(at), sourceCount = number(at + 8)
            guard source <= UInt64(model.count), sourceCount <= UInt64(model.count) - source else {
                throw .damaged("an entry lies outside the model")
            }
            let packed = try range(at + 24, number(at + 32))
            guard packed.lowerBound % 64 == 0 else { throw .damaged("packed weights are not aligned") }
            let kind = Int64(bitPattern: number(at + 16))
            entries.append(.init(key: .init(source: Int(source), kind: Int(kind)), sourceCount: Int(sourceCount), packed: packed))
        }
        let parts = [bytes[..<checkedHeaderBytes], bytes[table]] + entries.map { bytes[$0.packed] }
        let found = checksum(parts.map { UnsafeRawBufferPointer(rebasing: $0) } + kept(of: UnsafeRawBufferPointer(rebasing: bytes[model]), entries))
        guard found == number(48) else { throw .damaged("its checksum is wrong") }
        let view = ByteStorage(bytes: UnsafeRawBufferPointer(rebasing: bytes[model]), isMapped: true) { withExtendedLifetime(file) {} }
        return CompiledWeights(
            instructionSets: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self), model: view, file: file, entries: entries)
    }

    /// Of parts in order, cut into pieces that threads share.
    private static func checksum(_ parts: [UnsafeRawBufferPointer]) -> UInt64 {
        var pieces: [UnsafeRawBufferPointer] = []
        for part in parts {
            for begin in stride(from: 0, to: part.count, by: pieceBytes) {
                pieces.append(UnsafeRawBufferPointer(rebasing: part[begin..<min(begin + pieceBytes, part.count)]))
            }
        }
        let all = pieces, sums = MutableBytes(byteCount: all.count * 8)
        // Reading is bound by memory, which few cores exhaust.
        let workers = Workers(threads: all.count < 8 ? 1 : min(Int(deixis_usable_cores()), 4))
        workers.forEach(all.count) { i in
            sums.pointer.storeBytes(of: deixis_checksum(UInt64(i), all[i].baseAddress, all[i].count), toByteOffset: i * 8, as: UInt64.self)
        }
        return deixis_checksum(0, sums.pointer, sums.byteCount)
    }

    private static func kept(of model: UnsafeRawBufferPointer, _ entries: [CompiledWeights.Entry]) -> [UnsafeRawBufferPointer] {
        ranges(kept: true, of: model.count, entries).map { UnsafeRawBufferPointer(rebasing: model[$0]) }
    }

    /// The parts of the model that entries replace, or those between them. What is smaller than a page stays: passes read small constants.
    private static func ranges(kept: Bool, of size: Int, _ entries: [CompiledWeights.Entry]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var at = 0
        for source in entries.filter({ $0.sourceCount >= page }).map({ $0.key.source..<$0.key.source + $0.sourceCount }).sorted(by: { $0.lowerBound < $1.lowerBound }) where source.upperBound > at {
            if source.lowerBound > at, kept { result.append(at..<source.lowerBound) }
            if !kept { result.append(max(at, source.lowerBound)..<source.upperBound) }
            at = source.upperBound
        }
        if kept, at < size { result.append(at..<size) }
        return result
    }

    // MARK: Writing

    static func write(
        _ path: String, instructionSets: UInt32, model: UnsafeRawBufferPointer,
        _ packings: [(key: CompiledWeights.Key, sourceCount: Int, packed: ByteStorage)]
    ) throws(CompiledFileError) {
        func up(_ x: Int) -> Int { (x + page - 1) / page * page }
        let ordered = packings.sorted { ($0.key.source, $0.key.kind) < ($1.key.source, $1.key.kind) }
        let table = up(headerBytes), modelAt = up(table + ordered.count * entryBytes)
        var at = up(modelAt + model.count)
        var entries: [CompiledWeights.Entry] = []
        for packing in ordered {
            entries.append(.init(key: packing.key, sourceCount: packing.sourceCount, packed: at..<at + packing.packed.bytes.count))
            at = up(at + packing.packed.bytes.count)
        }
        var header: [UInt8] = magic + [version], rows: [UInt8] = []
        func put(_ x: UInt64, _ to: inout [UInt8]) { for i in 0..<8 { to.append(UInt8(truncatingIfNeeded: x >> UInt64(8 * i))) } }
        put(UInt64(instructionSets) | UInt64(entries.count) << 32, &header)
        for number in [modelAt, model.count, table, at] { put(UInt64(number), &header) }
        for entry in entries {
            for number in [entry.key.source, entry.sourceCount, entry.key.kind, entry.packed.lowerBound, entry.packed.count] {
                put(UInt64(bitPattern: Int64(number)), &rows)
            }
        }
        var sum: UInt64 = 0
        header.withUnsafeBytes { header in
            rows.withUnsafeBytes { rows in
                sum = checksum([header, rows] + ordered.map { $0.packed.bytes } + kept(of: model, entries))
            }
        }
        put(sum, &header)
        put(CompiledWeights.layout, &header)

        var file: OpaquePointer?
        var code = path.withCString { deixis_file_begin($0, &file) }
        guard code == 0, let file else { throw .cannotWrite(reason: errorText(code)) }
        var written = 0
        func append(_ bytes: UnsafeRawBufferPointer) { _ = deixis_file_append(file, bytes.baseAddress, bytes.count); written += bytes.count }
        func skip(to place: Int) { _ = deixis_file_skip(file, place - written); written = place }
        header.withUnsafeBytes { append($0) }
        skip(to: table)
        rows.withUnsafeBytes { append($0) }
        for kept in ranges(kept: true, of: model.count, entries) {
            skip(to: modelAt + kept.lowerBound)
            append(UnsafeRawBufferPointer(rebasing: model[kept]))
        }
        for (entry, packing) in zip(entries, ordered) {
            skip(to: entry.packed.lowerBound)
            append(packing.packed.bytes)
        }
        skip(to: at)
        code = deixis_file_commit(file)
        guard code == 0 else { throw .cannotWrite(reason: errorText(code)) }
    }

    private static func errorText(_ code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 128)
        let length = buffer.withUnsafeMutableBytes { deixis_error_text(code, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
        return String(decoding: buffer.prefix(length), as: UTF8.self)
    }
}
