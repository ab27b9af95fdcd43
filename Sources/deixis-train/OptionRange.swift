internal import ArgumentParser

/// Refuses a number out of `range`, by the name of its option.
func check(_ value: Int, _ option: String, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
        throw ValidationError("\(option) must be \(range.lowerBound) to \(range.upperBound), got \(value)")
    }
}
