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

    static let rungs = ["scalar", "v128", "avx2", "avxvnni", "avx512", "avx512vnni", "dotprod", "i8mm"]

    /// Those whose lowest rung it is.
    static func of(_ rung: String) -> [Variant] {
        all.filter { variant in
            rungs.first { name in
                var bits: UInt32 = 0
                return deixis_isa_named(name, &bits) && variant.isa & ~bits == 0
            } == rung
        }
    }

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

/// Variants equal their reference within the stated bound. What this CPU cannot run is reported as skipped, not as
/// passed; tools/test-kernels-cross runs most of it under an emulator.
@Suite struct VariantTests {
    @Test("scalar", arguments: Variant.of("scalar")) func scalar(_ variant: Variant) { check(variant) }
    @Test("v128", .onThisCPU("v128"), arguments: Variant.of("v128")) func v128(_ variant: Variant) { check(variant) }
    @Test("avx2", .onThisCPU("avx2"), arguments: Variant.of("avx2")) func avx2(_ variant: Variant) { check(variant) }
    @Test("avxvnni", .onThisCPU("avxvnni"), arguments: Variant.of("avxvnni"))
    func avxvnni(_ variant: Variant) { check(variant) }
    @Test("avx512", .onThisCPU("avx512"), arguments: Variant.of("avx512")) func avx512(_ variant: Variant) {
        check(variant)
    }
    @Test("avx512vnni", .onThisCPU("avx512vnni"), arguments: Variant.of("avx512vnni"))
    func avx512vnni(_ variant: Variant) { check(variant) }
    @Test("dotprod", .onThisCPU("dotprod"), arguments: Variant.of("dotprod"))
    func dotprod(_ variant: Variant) { check(variant) }
    @Test("i8mm", .onThisCPU("i8mm"), arguments: Variant.of("i8mm")) func i8mm(_ variant: Variant) { check(variant) }

    private func check(_ variant: Variant) {
        let (outcome, message) = variant.run()
        #expect(outcome == DEIXIS_PASSED, "\(message)")
    }

    @Test("No variant is left out") func all() {
        #expect(Variant.rungs.reduce(0) { $0 + Variant.of($1).count } == Variant.all.count && Variant.all.count > 22)
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test where this CPU lacks a rung of the ladder, or this build has no variant of it.
    static func onThisCPU(_ rung: String) -> Self {
        let variants = Variant.of(rung), own = deixis_isa_detect()
        let reason =
            variants.isEmpty
            ? "this build has no variant of \(rung)"
            : "\(variants.count) variants need \(rung), this CPU has \(String(cString: deixis_isa_name(own)))"
        return .enabled(if: !variants.isEmpty && variants.allSatisfy { $0.isa & ~own == 0 }, Comment(rawValue: reason))
    }
}

@Test("A variant is skipped exactly where this CPU lacks its instructions")
func skips() {
    for variant in Variant.all where variant.isa & ~deixis_isa_detect() != 0 {
        let (outcome, message) = variant.run()
        #expect(
            outcome == DEIXIS_SKIPPED && message.hasPrefix("needs ") && message.contains(", this CPU has "),
            "\(variant) \(message)")
    }
    // No CPU has the instructions of another architecture's: there is always something to skip, or this would see
    // nothing.
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

@Test(
    "Rungs of the ladder", arguments: ["scalar", "v128", "avx2", "avxvnni", "avx512", "avx512vnni", "dotprod", "i8mm"])
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
        let floats = [
            "scalar": "reference", "avxvnni": "avx2", "avx512vnni": "avx512", "dotprod": "v128", "i8mm": "v128",
        ]
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
