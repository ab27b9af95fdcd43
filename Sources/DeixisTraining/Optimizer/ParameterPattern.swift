/// Which parameters a pattern names: those under a name, `*` standing for any characters, dots included.
///
///     visual              visual.conv1.weight, visual.layer1.0.conv1.weight, ...
///     *.bias              every bias
///     language.*.LayerNorm
///
/// A pattern matches a parameter's whole name, or its name up to one of its dots.
public struct ParameterPattern: Sendable, Equatable {
    public let text: String

    public init(_ text: String) { self.text = text }

    public func matches(_ name: String) -> Bool {
        let name = Array(name.utf8)
        if matches(name[...]) { return true }
        return name.indices.contains { name[$0] == UInt8(ascii: ".") && matches(name[..<$0]) }
    }

    /// The usual walk: on a mismatch the last `*` takes one character more.
    private func matches(_ name: ArraySlice<UInt8>) -> Bool {
        let pattern = Array(text.utf8)
        var (at, place) = (name.startIndex, 0)
        var retry: (at: Int, place: Int)?
        while at < name.endIndex {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                retry = (at, place)
                place += 1
            } else if place < pattern.count, pattern[place] == name[at] {
                (at, place) = (at + 1, place + 1)
            } else if let last = retry {
                retry = (last.at + 1, last.place)
                (at, place) = (last.at + 1, last.place + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension ParameterStore {
    /// The parameters that a pattern names, in the order of their making.
    public func matching(_ pattern: String) -> [Parameter<Scalar>] {
        let pattern = ParameterPattern(pattern)
        return all.filter { pattern.matches($0.name) }
    }

    /// They learn no more: no gradient is computed for them, and an optimizer made afterwards does not know them.
    public func freeze(_ parameters: [Parameter<Scalar>]) {
        for parameter in parameters { parameter.isTrainable = false }
    }
}
