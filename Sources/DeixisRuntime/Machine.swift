import CDeixisKernels
import CDeixisSystem

/// What the runtime asks of the machine it runs on.
enum Machine {
    /// The instruction sets kernels may use here, as bits.
    static var instructionSets: UInt32 { deixis_isa_detect() }

    /// The sets up to the rung called `name` (`scalar`, `v128`, `avx2`, `avx512`), as far as this machine has them;
    /// nil: no such rung.
    static func instructionSets(upTo name: String) -> UInt32? {
        var bits: UInt32 = 0
        let known = name.withCString { deixis_isa_named($0, &bits) }
        return known ? bits & instructionSets : nil
    }

    /// Whether kernels of both are the same: those of AVX-512 VNNI go before those of AVX-VNNI.
    static func areAlike(_ a: UInt32, _ b: UInt32) -> Bool {
        func chosen(_ bits: UInt32) -> UInt32 {
            bits & UInt32(DEIXIS_ISA_AVX512VNNI) == 0 ? bits : bits & ~UInt32(DEIXIS_ISA_AVXVNNI)
        }
        return chosen(a) == chosen(b)
    }

    /// The highest rung in `bits`.
    static func name(_ bits: UInt32) -> String { String(cString: deixis_isa_name(bits)) }

    /// What block sizes follow. Asked of the system once: it answers with files.
    static let caches: deixis_caches = {
        var caches = deixis_caches(l1: 0, l2: 0)
        deixis_core_caches(&caches.l1, &caches.l2)
        return caches
    }()

    static var nanoseconds: UInt64 { deixis_clock_ns() }
}
