public import DeixisFiles
public import DeixisInput

// The configuration as a file: formats/settings.md. A field that a later version adds says so by `since`.

extension NetworkConfiguration: SettingGroup {
    /// Of the format. Texts without a version are from before there was one: checkpoints alone hold such.
    public static let version = 1

    public static let fields: [SettingField<NetworkConfiguration>] = [
        .init("imageSide", \.imageSide), .init("imageMean", \.imageMean), .init("imageDeviation", \.imageDeviation),
        .init("padColor", \.padColor, since: 1), .init("imageCentered", \.imageCentered, since: 1),
        .init("imageAntialiased", \.imageAntialiased, since: 1), .init("visual", \.visual),
        .init("language", \.language),
        .init("channels", \.channels),
        .init("groups", \.groups), .init("fusion", \.fusion), .init("dropout", \.dropout),
        .init("normEpsilon", \.normEpsilon, since: 1), .init("sharesProjections", \.sharesProjections, since: 1),
        .init("headLayers", \.headLayers, since: 1),
        .init("start", \.start), .init("loss", \.loss),
    ]
}

extension NetworkConfiguration.Start: SettingGroup {
    public static let fields: [SettingField<NetworkConfiguration.Start>] = [
        .init("residualGain", \.residualGain, since: 1), .init("wordDeviation", \.wordDeviation, since: 1),
        .init("positionDeviation", \.positionDeviation, since: 1),
        .init("tokenTypeDeviation", \.tokenTypeDeviation, since: 1),
        .init("gridAmplitude", \.gridAmplitude, since: 1), .init("headGain", \.headGain, since: 1),
        .init("box", \.box, since: 1),
    ]
}

extension NetworkConfiguration.Visual: SettingGroup {
    public static let fields: [SettingField<NetworkConfiguration.Visual>] = [
        .init("block", \.block), .init("stemChannels", \.stemChannels), .init("stemKernel", \.stemKernel),
        .init("blocks", \.blocks),
        .init("widths", \.widths), .init("frozenNorm", \.frozenNorm), .init("stages", \.stages),
        .init("positions", \.positions), .init("down", \.down, since: 1), .init("up", \.up, since: 1),
    ]
}

extension NetworkConfiguration.Language: SettingGroup {
    public static let fields: [SettingField<NetworkConfiguration.Language>] = [
        .init("vocabulary", \.vocabulary), .init("width", \.width), .init("layers", \.layers), .init("heads", \.heads),
        .init("feedForward", \.feedForward), .init("positions", \.positions), .init("tokenTypes", \.tokenTypes),
        .init("maximumLength", \.maximumLength), .init("blocks", \.blocks),
    ]
}

extension NetworkConfiguration.Interaction: SettingGroup {
    public static let fields: [SettingField<NetworkConfiguration.Interaction>] = [
        .init("kind", \.kind), .init("layers", \.layers), .init("heads", \.heads), .init("feedForward", \.feedForward),
        .init("activation", \.activation, since: 1),
    ]
}

extension NetworkConfiguration.Loss: SettingGroup {
    public static let fields: [SettingField<NetworkConfiguration.Loss>] = [
        .init("lambda", \.lambda), .init("initialSigma", \.initialSigma), .init("learnsSigma", \.learnsSigma),
        .init("exponentLimit", \.exponentLimit), .init("minimumSigma", \.minimumSigma),
        .init("isSelfPaced", \.isSelfPaced), .init("mu", \.mu, since: 1),
    ]
}

/// A configuration by name or from a file.
public struct ChosenConfiguration: Sendable, Equatable {
    /// As it was asked for.
    public let name: String
    /// The named configuration that a file differs from; the name itself where it is one.
    public let base: String?
    public let configuration: NetworkConfiguration

    /// - Parameter choice: one of `NetworkConfiguration.names`, or the path of a file: whatever ends in `.json` or
    ///   exists.
    /// - Throws: `network` for an unknown name; `json` and `fileSetting` for a file.
    public init(_ choice: String) throws(GroundingError) {
        let isFile = !NetworkConfiguration.names.contains(choice) && (choice.hasSuffix(".json") || exists(choice))
        name = choice
        guard isFile else {
            do throws(NetworkError) { (base, configuration) = (choice, try .named(choice)) } catch {
                throw .network(error)
            }
            return
        }
        let text = try GroundingError.file { () throws(FileError) in try readFile(choice) }
        let read = try GroundingError.json { () throws(JSONReaderError) in
            try NetworkConfiguration.parse(
                text, path: choice, newest: NetworkConfiguration.version, versionless: NetworkConfiguration.version,
                start: .init(),
                bases: NetworkConfiguration.names, base: NetworkConfiguration.known)
        }
        do throws(NetworkError) { try read.settings.validate() } catch {
            guard case .invalid(let field, let got, let expected) = error else { throw .network(error) }
            throw .fileSetting(path: choice, line: read.lines[field], name: field, value: got, rule: expected)
        }
        (base, configuration) = (read.base, read.settings)
    }
}

extension NetworkConfiguration {
    /// As a file that can be fed back, and as a checkpoint keeps it.
    public var json: String { fileText(version: Self.version) }

    /// A whole configuration, of any version so far.
    /// - Throws: `invalid`.
    public init(json: String) throws(NetworkError) {
        do throws(JSONReaderError) {
            self = try Self.parse(
                Array(json.utf8), path: "configuration", newest: Self.version, versionless: 0, start: .init()
            ).settings
        } catch {
            throw .invalid(
                field: "configuration", got: error.description, expected: "the JSON of a whole configuration")
        }
        try validate()
    }

    /// How pictures are brought to the network's square.
    public func letterbox() throws(GroundingError) -> Letterbox {
        let color = padColor.map { UInt8(clamping: $0) }
        do throws(InputError) {
            return try Letterbox(
                side: imageSide, padColor: RGB(color[0], color[1], color[2]), isCentered: imageCentered,
                antialiases: imageAntialiased)
        } catch { throw .input(error) }
    }
}
