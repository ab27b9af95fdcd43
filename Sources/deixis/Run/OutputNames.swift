import DeixisGraph

/// Names of outputs -> names of files: `a/b:0` -> `a_b_0.npy`.
///
/// Letters, digits and `. _ -` stay, anything else becomes `_`; a leading dot too, so that no output hides or climbs.
/// Names that meet after that (also where letters differ in case only, for file systems that do not care) get `_2`,
/// `_3`...
func outputFileNames(_ names: [Name]) -> [String] {
    var taken = Set<String>()
    return names.map { name in
        var safe = name.bytes.prefix(200).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                byte
            default: UInt8(ascii: "_")
            }
        }
        if safe.isEmpty { safe = Array("output".utf8) }
        if safe[0] == UInt8(ascii: ".") { safe[0] = UInt8(ascii: "_") }
        let base = String(decoding: safe, as: UTF8.self)
        var candidate = base
        var number = 2
        while !taken.insert(candidate.lowercased()).inserted {
            candidate = "\(base)_\(number)"
            number += 1
        }
        return candidate + ".npy"
    }
}
