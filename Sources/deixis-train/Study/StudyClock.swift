/// How long a study's remaining runs take: as long as those so far, by the work of each.
struct StudyClock {
    /// The work of each run, in any unit.
    var units: [Double] = []

    private var current: Int?
    private var began = ContinuousClock.now
    /// Of runs that are over.
    private var secondsDone = 0.0, unitsDone = 0.0

    mutating func begin(_ number: Int) { (current, began) = (number, .now) }

    mutating func finish(_ number: Int) {
        guard number == current else { return }
        current = nil
        secondsDone += (ContinuousClock.now - began) / .seconds(1)
        unitsDone += units[number]
    }

    /// - Parameter timeLeft: of the present run, in seconds.
    func secondsLeft(timeLeft: Double) -> Double {
        guard let current, units.indices.contains(current) else { return timeLeft }
        let whole = (ContinuousClock.now - began) / .seconds(1) + timeLeft
        let rate = (secondsDone + whole) / max(unitsDone + units[current], 1e-9)
        return timeLeft + units[(current + 1)...].reduce(0, +) * rate
    }
}
