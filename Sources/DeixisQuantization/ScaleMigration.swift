public import DeixisGraph
public import DeixisRuntime

/// Scale migration: a graph with the same results whose products read values without outlier channels.
///
///     x W = (x / s) (s W)
///
/// One step size serves all channels of an activation, so a channel of large values leaves few steps to the others;
/// weights have a step size per output channel and give less away. Dividing costs nothing at run time: it is done only
/// where constants take it (`MigrationSite`), and only where it lowers the products' rounding noise
/// (`MigrationFactors`).
///
///     var migration = try ScaleMigration(graph)
///     for sample in samples { try migration.observe(sample) }
///     let (graph, migrated) = try migration.migrated()
public struct ScaleMigration {
    /// Tried for s ~ max|x|^a / max|W|^(1 - a); the one of least noise is taken.
    static let exponents = [0.25, 0.5, 0.75, 1]
    /// Migration pays where the expected noise falls below this share. On our small model smaller gains made boxes
    /// worse when ranges came from 64 samples: a narrower range cuts off more of what calibration did not see.
    static let worthwhile = 0.5

    private let prepared: Graph
    private let sites: [MigrationSite]
    private var calibration: Calibration

    public init(_ graph: Graph, session options: SessionOptions = SessionOptions()) throws(QuantizationError) {
        let prepared = try Preparation.prepare(graph), sites = MigrationSite.all(Selection(prepared, keepFloat: []))
        let watched = Set(sites.flatMap { $0.readers.map { $0.value } }).sorted { $0.index < $1.index }
        (self.prepared, self.sites) = (prepared, sites)
        calibration = try Calibration(
            prepared, watching: watched, channelAxis: Dictionary(uniqueKeysWithValues: watched.map { ($0, -1) }),
            options: options)
    }

    /// Places where migration is free.
    public var siteCount: Int { sites.count }

    /// Learns the channels' ranges from one run; inputs as for `Session.run`.
    public mutating func observe(_ inputs: [(name: Name, tensor: Constant)]) throws(QuantizationError) {
        try calibration.observe(inputs)
    }

    /// The graph with scales migrated where that pays, and what was done.
    public func migrated() throws(QuantizationError) -> (graph: Graph, migrated: [MigratedScales]) {
        if calibration.sampleCount == 0 { throw .noSamples }
        let ones = { [Float](repeating: 1, count: $0) }
        var graph = prepared, done: [MigratedScales] = []
        for site in sites {
            guard let x = activation(site) else { continue }
            let products = site.readers.compactMap { weights(graph, $0.node, $0.axis) }
            guard products.count == site.readers.count else { continue }
            let before = MigrationFactors.noise(x, products, ones(site.channels))
            var best: (factors: [Float], noise: Double)?
            for exponent in ScaleMigration.exponents {
                let s = MigrationFactors.factors(x, products, exponent: exponent),
                    noise = MigrationFactors.noise(x, products, s)
                if noise < best?.noise ?? before * ScaleMigration.worthwhile { best = (s, noise) }
            }
            guard let best else { continue }
            for place in site.divided {
                scale(&graph, place.node, place.input, place.axis, best.factors.map { 1 / $0 })
            }
            for reader in site.readers { scale(&graph, reader.node, 1, reader.axis, best.factors) }
            done.append(
                MigratedScales(
                    source: graph.nodes[site.source].name, products: site.readers.map { graph.nodes[$0.node].name },
                    spread: (x.spread(ones(site.channels)), x.spread(best.factors)), noise: best.noise / before))
        }
        return (graph, done)
    }

    /// Over all that the site's products read.
    private func activation(_ site: MigrationSite) -> MigrationFactors.Activation? {
        var x = MigrationFactors.Activation(
            least: [Float](repeating: 0, count: site.channels), greatest: [Float](repeating: 0, count: site.channels),
            meanSquares: [Double](repeating: 0, count: site.channels),
            nonzeros: [Double](repeating: 0, count: site.channels))
        for value in Set(site.readers.map { $0.value }) {
            guard let (channels, count) = calibration.channels(of: value), channels.count == site.channels else {
                return nil
            }
            for (k, channel) in channels.enumerated() {
                x.least[k] = min(x.least[k], channel.least)
                x.greatest[k] = max(x.greatest[k], channel.greatest)
                x.meanSquares[k] = max(x.meanSquares[k], channel.squares / Double(count))
                x.nonzeros[k] = max(x.nonzeros[k], Double(channel.nonzeros) / Double(count))
            }
        }
        return x
    }

    private func weights(_ graph: Graph, _ node: Int, _ axis: Int) -> MigrationFactors.Weights? {
        guard let constant = graph.nodes[node].input(1).flatMap({ graph.constants[$0] }), let values = constant.floats
        else { return nil }
        let columns = constant.shape[1]
        return MigrationFactors.Weights(
            values: values, outputs: constant.shape[1 - axis], input: { axis == 0 ? $0 / columns : $0 % columns },
            output: { axis == 0 ? $0 % columns : $0 / columns })
    }

    /// A constant of its own for `node` if others read it too.
    private func scale(_ graph: inout Graph, _ node: Int, _ input: Int, _ axis: Int, _ factors: [Float]) {
        guard let id = graph.nodes[node].input(input), let constant = graph.constants[id], var values = constant.floats
        else { return }
        let inner = constant.shape[(axis + 1)...].reduce(1, *)
        for i in values.indices { values[i] *= factors[i / inner % factors.count] }
        let scaled = Constant(.float32, constant.shape, values)
        let readers = graph.nodes.reduce(0) { $0 + $1.inputs.count { $0 == id } }
        if readers == 1, !graph.outputs.contains(id) {
            graph.constants[id] = scaled
        } else {
            graph.nodes[node].inputs[input] = graph.addConstant(
                graph[id].name + Name("/migrated\(graph.values.count)"), scaled)
        }
    }
}

/// What scale migration did to the value behind one node.
public struct MigratedScales: Sendable {
    /// Its constants took the division.
    public let source: Name
    /// Their weights took the multiplication.
    public let products: [Name]
    /// Largest magnitude of a channel over the median channel's.
    public let spread: (before: Float, after: Float)
    /// Expected rounding noise of the products' outputs, as a share of what it was.
    public let noise: Double
}

extension MigrationFactors.Activation {
    /// Of x / s: the largest magnitude of a channel over that of the median among those that are not always 0.
    func spread(_ s: [Float]) -> Float {
        let scaled = zip(magnitudes, s).map { $0 / $1 }
        guard let most = scaled.max(), let middle = MigrationFactors.median(scaled) else { return 1 }
        return most / middle
    }
}
