import CDeixisSystem
import DeixisFiles

/// One row of a study's table: a network and how it is trained.
public struct StudyPoint: Sendable {
    /// Weights that the visual encoder starts from.
    public enum Visual: Sendable, Equatable {
        case random
        case file(String)
        /// What the study itself teaches first.
        case pretrained
    }

    public let name: String
    /// Of its runs, inside of the study's.
    public let folder: String
    /// What differs from the study, as the file says it.
    public let differences: String
    /// Of any seed; a failure: why there can be no such network or recipe.
    public let recipe: Result<TrainingRecipe, GroundingError>
    public let visual: Visual
    /// A checksum of everything that decides what is trained, but for the seed. Empty where there can be no run.
    public let settings: String

    /// Letters and digits of a name, in lower case, with `-` for the rest; a point stays between two digits. Empty for
    /// a name that has neither.
    static func folder(for name: String) -> String {
        let letters = Array(name.lowercased().unicodeScalars)
        func isDigit(_ index: Int) -> Bool { letters.indices.contains(index) && ("0"..."9").contains(letters[index]) }
        var result = ""
        for (index, letter) in letters.enumerated() {
            if isDigit(index) || ("a"..."z").contains(letter)
                || letter == "." && isDigit(index - 1) && isDigit(index + 1)
            {
                result.unicodeScalars.append(letter)
            } else if !result.isEmpty, !result.hasSuffix("-") {
                result += "-"
            }
        }
        result = String(result.prefix(80))
        while result.hasSuffix("-") || result.hasSuffix(".") { result.removeLast() }
        return result
    }
}

/// 16 hexadecimal digits that change with any of the texts.
func studyChecksum(_ texts: String...) -> String { studyChecksum(Array(texts.joined(separator: "\n").utf8)) }

func studyChecksum(_ bytes: [UInt8]) -> String {
    let digits = String(bytes.withUnsafeBytes { deixis_checksum(0, $0.baseAddress, $0.count) }, radix: 16)
    return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
}

/// Of what a file holds, wherever it lies.
func studyChecksum(ofFile path: String) throws(GroundingError) -> String {
    studyChecksum(try GroundingError.file { () throws(FileError) in try readFile(path) })
}
