// Every variant of every manifest against its reference: the checks themselves are C (Tests/CDeixisKernelsChecks).
import CDeixisKernels
import CDeixisKernelsChecks
import Testing

/// One manifest line.
struct Variant: CustomTestStringConvertible, Sendable {
    let family: Int
    let index: Int
    let testDescription: String
    let isa: UInt32

    /// Runs its check.
    func run() -> (outcome: deixis_outcome, message: String) {
        var count = 0
        let check = deixis_checks(&count)![family]
        var message = [CChar](repeating: 0, count: 512)
        let outcome = check.run(index, &message, message.count)
        return (outcome, String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    static let all: [Variant] = {
        var count = 0
        let checks = deixis_checks(&count)!
        return (0..<count).flatMap { family in
            let check = checks[family]
            return (0..<check.variants()).map { index in
                Variant(
                    family: family, index: index,
                    testDescription: "\(String(cString: check.family)) \(String(cString: check.name(index)!))",
                    isa: check.isa(index))
            }
        }
    }()
}

@Test("Variants equal their reference within the stated bound", arguments: Variant.all)
func variant(_ variant: Variant) throws {
    let (outcome, message) = variant.run()
    // Reported as skipped, not as passed; tools/test-kernels-cross runs it under an emulator.
    if outcome == DEIXIS_SKIPPED { try Test.cancel("\(variant.testDescription) \(message)") }
    #expect(outcome == DEIXIS_PASSED, "\(message)")
}

@Test("A variant is skipped exactly where this CPU lacks its instructions")
func skips() {
    for variant in Variant.all where variant.isa & ~deixis_isa_detect() != 0 {
        let (outcome, message) = variant.run()
        #expect(outcome == DEIXIS_SKIPPED && message.hasPrefix("needs ") && message.contains(", this CPU has "), "\(variant) \(message)")
    }
    // No CPU has the instructions of another architecture's: there is always something to skip, or this would see nothing.
    var message = [CChar](repeating: 0, count: 64)
    #expect(check_lacks(1 << 30, &message, message.count))
    #expect(!check_lacks(0, &message, message.count))
}

@Test("Every family ends in a reference that runs anywhere")
func references() {
    #expect(Set(Variant.all.map(\.family)).count == 22)
    for family in Set(Variant.all.map(\.family)) {
        let last = Variant.all.last { $0.family == family }
        #expect(last?.isa == 0)
        #expect(last?.testDescription.hasSuffix("reference") == true)
    }
}

@Test("Rungs of the ladder", arguments: ["scalar", "v128", "avx2", "avxvnni", "avx512", "avx512vnni", "dotprod", "i8mm"])
func rungs(name: String) {
    var bits: UInt32 = .max
    #expect(deixis_isa_named(name, &bits))
    #expect(String(cString: deixis_isa_name(bits)) == name)
    // Selection never goes beyond the bits it is given.
    #expect(deixis_gemm_f32_select(bits, 64).pointee.isa & ~bits == 0)
    #expect(deixis_softmax_f32_select(bits).pointee.isa & ~bits == 0)
    #expect(deixis_attention_f32_select(bits).pointee.isa & ~bits == 0)
    #expect(deixis_gemm_s8_select(bits, 64).pointee.isa & ~bits == 0)
    #if arch(x86_64)
        // A rung without float instructions of its own uses the one below; those of other CPUs have the baseline.
        let floats = ["scalar": "reference", "avxvnni": "avx2", "avx512vnni": "avx512", "dotprod": "v128", "i8mm": "v128"]
        #expect(String(cString: deixis_softmax_f32_select(bits).pointee.name) == floats[name, default: name])
        let bytes = ["scalar": "reference", "dotprod": "v128", "i8mm": "v128"]
        #expect(String(cString: deixis_gemm_s8_select(bits, 64).pointee.name) == bytes[name, default: name])
    #endif
}

@Test("An unknown rung changes nothing")
func unknownRung() {
    var bits: UInt32 = 7
    #expect(!deixis_isa_named("sse9", &bits))
    #expect(bits == 7)
}
