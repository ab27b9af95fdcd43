public import DeixisFiles
public import DeixisInput

/// A picture, what is said of it, and the box meant, in the picture's pixels: what every augmentation takes and gives.
public struct GroundingSample: Sendable, Equatable {
    public var image: RGBImage
    public var sentence: String
    public var box: PixelBox
    /// What sort of sentence, for reports; empty if unknown.
    public var kind: String

    public init(image: RGBImage, sentence: String, box: PixelBox, kind: String = "") {
        self.image = image
        self.sentence = sentence
        self.box = box
        self.kind = kind
    }
}

/// Random changes to training samples, network.md section 3; none at inference. All amounts are fields; zero switches
/// one off.
///
/// Each step is a pure function of the sample and its random numbers. Order: flip, affine, color, blur.
public struct Augmentation: Sendable, Equatable {
    /// Chance of a mirror image; left and right change places in the sentence.
    public var flip = 0.5
    public var affine = AffineAmounts()
    public var color = ColorAmounts()
    /// Chance of a Gaussian blur, its deviation uniform in `blurDeviation` pixels.
    public var blur = 0.5
    public var blurDeviation: ClosedRange<Double> = 0.1...1.5

    public init() {}

    /// The recipe for photographs.
    public static let paper = Augmentation()

    public static let none: Augmentation = {
        var none = Augmentation()
        none.flip = 0
        none.affine = .none
        none.color = .none
        none.blur = 0
        return none
    }()

    /// For generated scenes, whose sentences lean on color words and whose supply is endless: mirror images, gentle
    /// color and now and then a blur. Hue turns by 3.6 degrees at most, so that no color comes to bear another's name.
    public static let scenes: Augmentation = {
        var scenes = Augmentation.none
        scenes.flip = 0.5
        scenes.color = ColorAmounts(brightness: 0.08, contrast: 0.08, saturation: 0.1, hue: 0.01)
        scenes.blur = 0.1
        scenes.blurDeviation = 0.1...0.7
        return scenes
    }()

    public var isNone: Bool { self == .none }

    /// - Throws: `badSetting` for an amount that means nothing.
    public func validate() throws(GroundingError) {
        try requireNumber("augmentation.flip", flip, in: 0...1)
        try affine.validate()
        try color.validate()
        try requireNumber("augmentation.blur", blur, in: 0...1)
        for bound in [blurDeviation.lowerBound, blurDeviation.upperBound] {
            try requireNumber("augmentation.blurDeviation", bound, in: 0.01...50)
        }
    }

    public func apply(to sample: GroundingSample, _ random: inout CounterRandom) -> GroundingSample {
        var sample = sample
        if random.chance(flip) { sample = sample.flipped() }
        if !affine.isNone { sample = affine.apply(to: sample, &random) }
        if !color.isNone { sample.image = color.apply(to: sample.image, &random) }
        if random.chance(blur) {
            sample.image = sample.image.blurred(
                deviation: random.double(blurDeviation.lowerBound, blurDeviation.upperBound))
        }
        return sample
    }
}

extension Augmentation: SettingGroup {
    public static let fields: [SettingField<Augmentation>] = [
        .init("flip", \.flip), .init("affine", \.affine), .init("color", \.color), .init("blur", \.blur),
        .init("blurDeviation", \.blurDeviation),
    ]
    public static let presets = [
        (name: "none", value: Augmentation.none), (name: "scenes", value: Augmentation.scenes),
        (name: "paper", value: Augmentation.paper),
    ]
}

/// - Throws: `badSetting`.
func requireNumber(_ name: String, _ value: Double, in range: ClosedRange<Double>) throws(GroundingError) {
    guard range.contains(value) else {
        throw .badSetting(name: name, value: value.description, rule: "\(range.lowerBound) to \(range.upperBound)")
    }
}
