extension FeatureMap {
    /// y = body(x), of which a tape with `recomputes` keeps x alone: its backward pass runs `body` once more (Chen et
    /// al. 2016).
    ///
    /// Memory of what lies between x and y is that of one such part at a time; the price is one more forward pass.
    /// Values are the same bits, gradients the same but for the order of sums. Running statistics move as the first
    /// pass found them.
    ///
    /// - Parameters:
    ///   - parameters: those that `body` reads.
    ///   - body: must compute the same each time, and draw nothing at random.
    public func recomputed(parameters: [Parameter<Scalar>], _ body: @escaping (FeatureMap) -> FeatureMap) -> FeatureMap
    {
        guard tape.recomputes, case .training(let seed) = tape.mode else { return body(self) }
        let (outer, source, input, first) = (tape, variable.reference, variable.tensor, tape.firstSample)
        let needsInput = outer.needsGradient(variable)
        func run() -> (leaf: Variable<Scalar>, result: FeatureMap) {
            let leaf = Tape<Scalar>(.training(seed: seed), firstSample: first).variable(
                input, needsGradient: needsInput)
            return (leaf, body(FeatureMap(variable: leaf)))
        }
        let forward = run().result.variable
        outer.adoptCommits(of: forward.tape)
        forward.tape.discard()
        let result = outer.record(
            "Recomputed", inputs: [variable], parameters: parameters, forward.tensor,
            pullback: { gradient in
                let again = run()
                again.result.tape.backward(again.result.variable, seed: gradient)
                if needsInput, let dx = again.result.tape.gradient(of: again.leaf) {
                    outer.accumulate(dx, into: source)
                }
            },
            emission: nil)
        return FeatureMap(variable: result)
    }
}
