public import DeixisFiles

/// Every number and every choice of the network and its loss. The recipe (rates, epochs) belongs to the training loop.
/// Names, ranges and defaults of all fields as a file has them: formats/settings.md.
///
/// Defaults are those of the paper's ResNet-50 network. A configuration is a value: change fields, then `validate`.
public struct NetworkConfiguration: Sendable, Equatable {
    /// Side of the square image in pixels.
    public var imageSide = 512
    /// Mean and deviation per channel in 0...1.
    public var imageMean = [0.485, 0.456, 0.406]
    public var imageDeviation = [0.229, 0.224, 0.225]

    public var visual = Visual()
    public var language = Language()
    /// Width C0 of each visual stage after its 1x1 convolution, and of each group.
    public var channels = 256
    public var groups = Interaction(layers: 2, heads: 8, feedForward: 2048)
    public var fusion = Interaction(layers: 3, heads: 8, feedForward: 2048)
    /// [choice] One linear projection to C0 a modality for all groups, instead of one for each.
    public var sharesProjections = false
    /// Of the perceptron that turns the [CLS] row into a box.
    public var headLayers = 3
    /// [choice] On each sublayer's output before the residual sum, and after the embeddings.
    public var dropout = 0.1
    /// [choice] In the square root of the LayerNorms of groups and fusion; BERT's own is 1e-12.
    public var normEpsilon = 1e-5
    /// [choice] The color of the letterbox's margins, as bytes; the mean color, rounded, is 124, 116, 104.
    public var padColor = [124, 116, 104]
    /// [choice] The picture lies in the middle of the square; otherwise in its top left corner.
    public var imageCentered = true
    /// [choice] Pictures are made smaller with antialiasing; otherwise by the two nearest pixels along each axis.
    public var imageAntialiased = true
    public var start = Start()
    public var loss = Loss()

    /// [choice] Initial weights where the customary ones are not the best: post-norm layers learn from nothing only if
    /// their residual branches start small and words outweigh positions.
    public struct Start: Sendable, Equatable {
        /// Times Xavier's values for the projections that end a residual branch.
        public var residualGain = 1.0
        public var wordDeviation = 0.02
        public var positionDeviation = 0.02
        public var tokenTypeDeviation = 0.02
        /// Of the sines that `Visual.Positions.sine` starts from; below 1, what a cell shows outweighs where it lies.
        public var gridAmplitude = 1.0
        /// Times Xavier's values for the head's last layer.
        public var headGain = 1.0
        /// The box an untrained head gives: center x, center y, width, height.
        public var box = [0.5, 0.5, 0.5, 0.5]

        public init() {}
    }

    public struct Visual: Sendable, Equatable {
        public enum Block: String, Sendable, NamedSetting { case basic, bottleneck }
        public enum Positions: String, Sendable, NamedSetting {
            /// Normal, deviation 0.02.
            case normal
            /// Sines of the grid position, a start that already tells neighbors; learned from there.
            case sine
            /// No positions: what a cell shows says nothing of where it lies, but for the trunk's margins.
            case none
        }

        /// How C3 comes from stride 8 to 16.
        public enum Down: String, Sendable, NamedSetting {
            /// The maximum of 2x2.
            case maxPool
            /// A 3x3 convolution with bias and stride 2, C0 to C0.
            case convolution
        }
        /// How C5 comes from stride 32 to 16.
        public enum Up: String, Sendable, NamedSetting { case nearest, bilinear }

        public var block = Block.bottleneck
        public var stemChannels = 64
        public var stemKernel = 7
        /// Blocks and width (before the bottleneck's expansion by 4) of layer1...layer4.
        public var blocks = [3, 4, 6, 3]
        public var widths = [64, 128, 256, 512]
        /// BatchNorm keeps its statistics, scale and shift.
        public var frozenNorm = true
        /// Which of C3, C4, C5 take part: numbers from 3, ascending.
        public var stages = [3, 4, 5]
        /// [choice] How the learned positions start, or that there are none.
        public var positions = Positions.normal
        /// [choice]
        public var down = Down.maxPool
        /// [choice]
        public var up = Up.nearest

        public init() {}

        /// Channels of stage C`stage`.
        func channels(stage: Int) -> Int { widths[stage - 2] * (block == .bottleneck ? 4 : 1) }
    }

    public struct Language: Sendable, Equatable {
        public var vocabulary = 30522
        public var width = 768
        /// Even: two make a block.
        public var layers = 6
        public var heads = 12
        public var feedForward = 3072
        /// Rows of the position table; at least `maximumLength`.
        public var positions = 512
        public var tokenTypes = 2
        /// Tokens of an expression at most, [CLS] and [SEP] included.
        public var maximumLength = 40
        /// Which blocks of two layers take part: numbers from 1, ascending; each makes a group.
        public var blocks = [1, 2, 3]

        public init() {}
    }

    /// A stack of cross-modal layers.
    public struct Interaction: Sendable, Equatable {
        public enum Kind: String, Sendable, NamedSetting {
            /// Cross-modal alternate attention: vision asks language, then language asks the updated vision.
            case alternate
            /// The ablation: a standard Transformer encoder layer over the concatenated tokens.
            case transformer
        }

        /// [choice] Of the feed-forward part.
        public enum Nonlinearity: String, Sendable, NamedSetting { case relu, gelu }

        public var kind = Kind.alternate
        public var layers: Int
        public var heads: Int
        public var feedForward: Int
        public var activation = Nonlinearity.relu

        public init(kind: Kind = .alternate, layers: Int, heads: Int, feedForward: Int) {
            (self.kind, self.layers, self.heads, self.feedForward) = (kind, layers, heads, feedForward)
        }
    }

    /// The self-paced loss, section 2 of the paper.
    public struct Loss: Sendable, Equatable {
        public var lambda = 0.75
        /// [choice] Of each term's d.
        public var initialSigma: OneForEachTerm = [2.5, 2.5]
        public var learnsSigma = true
        /// mu of each term's d: the loss at which a sample weighs least.
        public var mu = [0.0, 0.0]
        /// Bound of the exponent (L - mu)^2 / sigma^2: d is at most exp(8) = 2981.
        public var exponentLimit = 8.0
        /// Least |sigma| in the exponent.
        public var minimumSigma = 0.05
        /// False: d = 1 for every sample, so the plain sum of L1 and GIoU.
        public var isSelfPaced = true

        public init() {}
    }

    public init() {}

    /// Width C1 of the visual feature: C0 for each stage.
    public var visualWidth: Int { channels * visual.stages.count }
    /// Width of the fusion and the head: C0 for each group.
    public var fusionWidth: Int { channels * language.blocks.count }
    /// The tokens' grid is `gridSide` x `gridSide`, at stride 16.
    public var gridSide: Int { imageSide / 16 }
}

extension NetworkConfiguration {
    /// Names that `named` knows.
    public static let names = ["paper-r50", "paper-r101", "small", "tiny"]

    public static func named(_ name: String) throws(NetworkError) -> NetworkConfiguration {
        switch name {
        case "paper-r50": return .paperR50
        case "paper-r101": return .paperR101
        case "small": return .small
        case "tiny": return .tiny
        default: throw .unknownConfiguration(name: name, known: names)
        }
    }

    /// The same, nil where there is no such name.
    static func known(_ name: String) -> NetworkConfiguration? { try? named(name) }

    public static let paperR50 = NetworkConfiguration()

    public static let paperR101: NetworkConfiguration = {
        var configuration = NetworkConfiguration()
        configuration.visual.blocks = [3, 4, 23, 3]
        return configuration
    }()

    /// The embedded default: 2.8 million parameters, 120 million multiply-adds.
    public static let small: NetworkConfiguration = {
        var c = NetworkConfiguration()
        c.imageSide = 128
        c.visual.block = .basic
        c.visual.stemChannels = 24
        c.visual.stemKernel = 3
        c.visual.blocks = [1, 1, 1, 1]
        c.visual.widths = [32, 48, 96, 128]
        c.visual.frozenNorm = false
        c.visual.positions = .sine
        c.channels = 64
        c.language.vocabulary = 128
        c.language.width = 96
        c.language.heads = 4
        c.language.feedForward = 192
        c.language.positions = 40
        c.language.tokenTypes = 1
        c.groups = Interaction(layers: 2, heads: 4, feedForward: 128)
        c.fusion = Interaction(layers: 3, heads: 4, feedForward: 192)
        c.dropout = 0
        c.start.residualGain = 0.1
        c.start.wordDeviation = 1
        c.start.positionDeviation = 0.1
        c.start.tokenTypeDeviation = 0
        c.start.gridAmplitude = 0.5
        c.start.headGain = 0.1
        c.start.box = [0.5, 0.5, 0.3, 0.3]
        return c
    }()

    /// For tests: every part, in milliseconds.
    public static let tiny: NetworkConfiguration = {
        var c = NetworkConfiguration.small
        c.imageSide = 32
        c.visual.stemChannels = 4
        c.visual.widths = [4, 6, 8, 10]
        c.visual.positions = .normal
        c.channels = 4
        c.language.vocabulary = 24
        c.language.width = 8
        c.language.heads = 2
        c.language.feedForward = 12
        c.language.positions = 12
        c.language.maximumLength = 12
        c.groups = Interaction(layers: 1, heads: 2, feedForward: 8)
        c.fusion = Interaction(layers: 1, heads: 2, feedForward: 16)
        return c
    }()
}
