import DeixisGraph

/// A model's sessions for runs that give inputs which have defaults: one for each choice of them, made when first asked
/// for.
final class Asking: @unchecked Sendable {
    // `Shared` guards it.
    private var made: [(chosen: [Int], session: Session)] = []
    private let making = Turn()

    /// Choices that are kept.
    private static let most = 16

    /// nil: no input that has a default is among `names`.
    func session(_ base: Session, for names: [Name]) throws(RuntimeError) -> Session? {
        let graph = base.model.graph
        if graph.defaults.isEmpty { return nil }
        let given = Set(names)
        let chosen = graph.defaults.indices.filter { given.contains(graph[graph.defaults[$0].id].name) }
        if chosen.isEmpty { return nil }
        return try making.take { () throws(RuntimeError) in
            if let known = Shared.locked({ made.first { $0.chosen == chosen } }) { return known.session }
            let new = try Session(try base.model.asking(chosen), options: base.options)
            let old = Shared.locked {
                let old = made
                made = [(chosen, new)] + old.prefix(Asking.most - 1)
                return old
            }
            // The last one's memory goes without the lock.
            withExtendedLifetime(old) {}
            return new
        }
    }
}
