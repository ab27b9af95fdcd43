@testable import DeixisGrounding
import DeixisTraining
import Foundation
import Testing

@Suite struct NetworkConfigurationTests {
    @Test func names() throws {
        for name in NetworkConfiguration.names { try NetworkConfiguration.named(name).validate() }
        #expect(throws: NetworkError.unknownConfiguration(name: "huge", known: NetworkConfiguration.names)) {
            try NetworkConfiguration.named("huge")
        }
    }

    static let mistakes: [(@Sendable (inout NetworkConfiguration) -> Void, String)] = [
        ({ $0.imageSide = 500 }, "configuration field imageSide is 500, expected a multiple of 32 up to 4096"),
        (
            { $0.visual.stages = [] },
            "configuration field visual.stages is [], expected one to three of 3, 4, 5 in ascending order"
        ),
        (
            { $0.visual.stages = [5, 3] },
            "configuration field visual.stages is [5, 3], expected one to three of 3, 4, 5 in ascending order"
        ),
        (
            { $0.language.blocks = [0] },
            "configuration field language.blocks is [0], expected one or more of 1 to 3 in ascending order"
        ),
        (
            { $0.language.layers = 5 },
            "configuration field language.layers is 5, expected an even number from 2 to 48: blocks of two"
        ),
        (
            { ($0.language.layers, $0.language.blocks) = (4, [3]) },
            "configuration field language.blocks is [3], expected one or more of 1 to 2 in ascending order"
        ),
        ({ $0.headLayers = 0 }, "configuration field headLayers is 0, expected 1 to 16"),
        ({ $0.loss.mu = [1] }, "configuration field loss.mu is [1.0], expected 2 finite numbers"),
        ({ $0.groups.heads = 7 }, "configuration field groups.heads is 7, expected a divisor of the width 256"),
        (
            { $0.language.positions = 20 },
            "configuration field language.positions is 20, expected at least language.maximumLength 40"
        ),
        ({ $0.dropout = 1 }, "configuration field dropout is 1.0, expected 0 or more, below 1"),
        (
            { $0.loss.initialSigma = [.nan, 1] },
            "configuration field loss.initialSigma is [nan, 1.0], expected a finite number other than 0, or 2 of them"
        ),
    ]

    @Test(arguments: mistakes.indices) func refuses(_ index: Int) {
        var configuration = NetworkConfiguration.paperR50
        Self.mistakes[index].0(&configuration)
        do throws(NetworkError) {
            try configuration.validate()
            Issue.record("accepted: \(Self.mistakes[index].1)")
        } catch {
            #expect(error.description == Self.mistakes[index].1)
        }
    }

    @Test func survivesJSON() throws {
        for name in NetworkConfiguration.names {
            let configuration = try NetworkConfiguration.named(name)
            #expect(try NetworkConfiguration(json: configuration.json) == configuration)
        }
        #expect(throws: NetworkError.self) { try NetworkConfiguration(json: "{}") }
    }

    /// A checkpoint from before versions, and before a field of `start`.
    @Test func readsOlderJSON() throws {
        let lines = NetworkConfiguration.small.json.split(separator: "\n").filter {
            !$0.contains("gridAmplitude") && !$0.contains("version")
        }
        #expect(lines.count + 2 == NetworkConfiguration.small.json.split(separator: "\n").count)
        var expected = NetworkConfiguration.small
        expected.start.gridAmplitude = 1
        #expect(try NetworkConfiguration(json: lines.joined(separator: "\n")) == expected)
    }

    /// Every ablation row makes a network whose widths fit and whose training step reaches every parameter.
    @Test(arguments: [[3], [4], [5], [3, 5], [3, 4, 5]], [[1], [3], [2, 3], [1, 2, 3]])
    func ablations(stages: [Int], blocks: [Int]) throws {
        var configuration = NetworkConfiguration.tiny
        configuration.visual.stages = stages
        configuration.language.blocks = blocks
        configuration.groups.layers = blocks.count - 1
        let network = try GroundingNetwork<Float>(configuration, seed: 2)
        let (images, tokens, truth) = syntheticBatch(configuration, batch: 2, length: 5)
        let tape = Tape<Float>(.training(seed: 1))
        let boxes = network(images, tokens, on: tape)
        #expect(boxes.shape == [2, 4])
        tape.backward(
            SelfPacedLoss(configuration.loss)(boxes, truth: truth.map { Float($0) }, sigma: network.sigma).total)
        // Parts behind the last stage or block in use exist, so that pretrained encoders fit, and get no gradient.
        for parameter in network.parameters.trainable where parameter.gradient == nil {
            #expect(
                parameter.name.hasPrefix("visual.layer") || parameter.name.hasPrefix("language.encoder.layer"),
                "\(parameter.name)")
        }
        // Nor are they counted: rows hold what the exported network holds, which sigma is no part of.
        let used = network.parameters.trainable.filter { $0.gradient != nil }.reduce(0) { $0 + $1.count }
        #expect(network.summary().reduce(0) { $0 + $1.parameters } == used - network.sigma.count)
    }

    /// What the paper leaves open, chosen otherwise: each makes a network that learns, is saved, read and traced.
    @Test(
        arguments: [
            { $0.visual.positions = .none }, { $0.sharesProjections = true }, { $0.headLayers = 1 },
            { $0.headLayers = 5 },
            { ($0.language.layers, $0.language.blocks) = (8, [1, 2, 4]) },
            { ($0.language.layers, $0.language.blocks) = (8, [1, 2, 3, 4]) },
            { ($0.language.layers, $0.language.blocks) = (2, [1]) }, { $0.loss.mu = [0.2, 0.5] },
            { $0.loss.initialSigma = [2, 3] }, { $0.visual.down = .convolution }, { $0.visual.up = .bilinear },
            { ($0.visual.down, $0.visual.stages) = (.convolution, [4, 5]) },
        ] as [@Sendable (inout NetworkConfiguration) -> Void])
    func choices(_ change: @Sendable (inout NetworkConfiguration) -> Void) throws {
        var configuration = NetworkConfiguration.tiny
        change(&configuration)
        #expect(try NetworkConfiguration(json: configuration.json) == configuration)
        let network = try GroundingNetwork<Float>(configuration, seed: 2)
        let (images, tokens, truth) = syntheticBatch(configuration, batch: 2, length: 5)
        let tape = Tape<Float>(.training(seed: 1))
        tape.backward(
            SelfPacedLoss(configuration.loss)(
                network(images, tokens, on: tape), truth: truth.map { Float($0) }, sigma: network.sigma
            ).total)
        for parameter in network.parameters.trainable {
            #expect(parameter.gradient?.values.allSatisfy(\.isFinite) == true, "\(parameter.name)")
        }
        let shared = network.parameters.all.count { $0.name.hasSuffix("language_projection.weight") }
        #expect(shared == (configuration.sharesProjections ? 1 : configuration.language.blocks.count))
        #expect((network.parameters["neck.position"] == nil) == (configuration.visual.positions == .none))
        #expect(network.summary().reduce(0) { $0 + $1.parameters } > 0)
    }

    /// Padding a sentence further changes nothing: padded positions are no keys anywhere.
    @Test(arguments: [NetworkConfiguration.Interaction.Kind.alternate, .transformer])
    func paddingDoesNotMatter(_ kind: NetworkConfiguration.Interaction.Kind) throws {
        var configuration = NetworkConfiguration.tiny
        configuration.groups.kind = kind
        configuration.fusion.kind = kind
        let network = try GroundingNetwork<Double>(configuration, seed: 2)
        let (images, _, _) = syntheticBatch(configuration, batch: 1, length: 4)
        let short = TokenBatch(batch: 1, length: 4, ids: [1, 7, 9, 2], mask: [1, 1, 1, 1])
        let long = TokenBatch(batch: 1, length: 7, ids: [1, 7, 9, 2, 5, 6, 0], mask: [1, 1, 1, 1, 0, 0, 0])
        let a = network(images, short, on: Tape(.inference)).tensor.values
        let b = network(images, long, on: Tape(.inference)).tensor.values
        for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-12) }
    }

    @Test func smallHasTheDecidedSize() throws {
        let network = try GroundingNetwork<Float>(.small, seed: 1)
        let parameters = network.parameters.trainable.reduce(0) { $0 + $1.count }
        #expect(parameters == 2_820_734)
        let summary = network.summary()
        #expect(summary.reduce(0) { $0 + $1.macs } < 170_000_000)
        // The rows hold every weight once; sigma is not part of the exported network.
        #expect(summary.reduce(0) { $0 + $1.parameters } == parameters - 2)
    }

    @Test func savesAndLoads() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "deixis-\(UUID().uuidString).checkpoint"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let network = try GroundingNetwork<Float>(.tiny, seed: 5)
        try network.save(to: path, metadata: ["seed": "5"])
        let (loaded, metadata) = try GroundingNetwork<Float>.load(path)
        #expect(metadata["seed"] == "5")
        #expect(loaded.configuration == network.configuration)
        for (a, b) in zip(network.parameters.all, loaded.parameters.all) {
            #expect(a.name == b.name)
            #expect(a.value.values == b.value.values)
        }
    }

    /// torchvision's and DETR's prefixes, old LayerNorm names, longer position tables.
    @Test func readsPretrainedEncoders() throws {
        let source = try GroundingNetwork<Float>(.tiny, seed: 5), target = try GroundingNetwork<Float>(.tiny, seed: 6)
        for (encoder, prefix) in [(GroundingNetwork<Float>.Encoder.visual, "backbone.0.body."), (.language, "bert.")] {
            var header: [String: Any] = [:], data = Data()
            func add(_ name: String, _ shape: [Int], _ values: [Float]) {
                let begin = data.count
                values.withUnsafeBytes { data.append(contentsOf: $0) }
                header[name] = ["dtype": "F32", "shape": shape, "data_offsets": [begin, data.count]] as [String: Any]
            }
            for parameter in source.parameters.all where parameter.name.hasPrefix(encoder.rawValue + ".") {
                var name = prefix + parameter.name.dropFirst(encoder.rawValue.count + 1)
                if name.hasSuffix("LayerNorm.weight") {
                    name = name.replacingOccurrences(of: "LayerNorm.weight", with: "LayerNorm.gamma")
                }
                var (shape, values) = (parameter.shape, parameter.value.values)
                if name.contains("position_embeddings") {
                    shape[0] += 3
                    values += [Float](repeating: 9, count: 3 * shape[1])
                }
                add(name, shape, values)
            }
            add("fc.weight", [1], [1])
            let text = try JSONSerialization.data(withJSONObject: header)
            let path = FileManager.default.temporaryDirectory.appendingPathComponent(
                "deixis-\(UUID().uuidString).safetensors"
            ).path
            defer { try? FileManager.default.removeItem(atPath: path) }
            try (withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text + data).write(
                to: URL(fileURLWithPath: path))
            let report = try target.loadPretrained(encoder, from: path)
            #expect(report.ignored == [.init(name: "fc.weight", shape: [1])])
            #expect(report.lines.last?.hasPrefix("  left   fc ") == true)
            for parameter in source.parameters.all where parameter.name.hasPrefix(encoder.rawValue + ".") {
                #expect(target.parameters[parameter.name]?.value.values == parameter.value.values)
            }
            #expect(throws: TrainingError.self) {
                try target.loadPretrained(encoder == .visual ? .language : .visual, from: path)
            }
        }
    }

    /// A line for each part; numbered layers in a row are one, whatever the order of the file.
    @Test func whatWasTakenAndLeftIsATable() {
        var report = PretrainedReport()
        report.loaded = [
            .init(name: "visual.conv1.weight", shape: [64, 3, 7, 7]),
            .init(name: "visual.layer1.0.conv1.weight", shape: [10]),
            .init(name: "visual.layer1.1.bn1.bias", shape: [5, 2]),
        ]
        report.ignored = [11, 6, 8, 7, 10, 9, 2].map {
            .init(name: "bert.encoder.layer.\($0).output.dense.weight", shape: [1000, 2])
        }
        report.ignored += [.init(name: "fc.weight", shape: [1000, 2048]), .init(name: "fc.bias", shape: [1000])]
        report.ignored.append(.init(name: "scale", shape: []))
        #expect(
            report.lines == [
                "  taken  visual.conv1                   1 tensor          9,408 numbers",
                "  taken  visual.layer1                  2 tensors            20 numbers",
                "  left   bert.encoder.layer.2           1 tensor          2,000 numbers",
                "  left   bert.encoder.layer.6...11      6 tensors        12,000 numbers",
                "  left   fc                             2 tensors     2,049,000 numbers",
                "  left   scale                          1 tensor              1 numbers",
            ])
    }

    /// Files of torch.save, made by tools/oracles/pickle_fixtures.py.
    @Test func readsWeightsOfPyTorch() throws {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("DeixisPickleTests/Fixtures").path
        let checkpoint = try WeightsFile(fixtures + "/checkpoint.zip.pth")
        #expect(checkpoint.part == "model" && checkpoint.names == ["a"] && checkpoint.shape(of: "a") == [1])
        #expect(try checkpoint.values(of: "a") == [2])
        let state = try WeightsFile(fixtures + "/state.legacy.pth")
        #expect(state.part == nil && state.shape(of: "turned.weight") == [4, 3])
        #expect(try state.values(of: "brain") == [0.5, -3])
        do throws(TrainingError) {
            _ = try WeightsFile(fixtures + "/samples.zip.pth")
            Issue.record("a list of samples was taken for weights")
        } catch {
            #expect(
                error.description.hasSuffix(
                    "samples.zip.pth: no tensors in it: expected a state_dict, or one under "
                        + "model_ema, ema, model, state_dict, model_state_dict, net"))
        }
    }
}
