internal import ArgumentParser

/// Refuses a number out of `range` (and one that is none), by the name of its option.
public func check<Number: Comparable>(_ value: Number, _ option: String, _ range: ClosedRange<Number>) throws {
    guard range.contains(value) else {
        throw ValidationError("\(option) is \(value); expected \(range.lowerBound) to \(range.upperBound)")
    }
}
