@testable import DeixisGrounding
import DeixisFiles
import DeixisInput
import Testing

@Suite struct ConfigurationFileTests {
    static func read(_ text: String) throws -> ChosenConfiguration {
        let folder = try Folder()
        try folder.write(text, "my.json")
        return try ChosenConfiguration(folder.path + "/my.json")
    }

    static func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch { return "\(error)" }
    }

    @Test(arguments: NetworkConfiguration.names) func whatIsWrittenReadsBack(_ name: String) throws {
        let configuration = try NetworkConfiguration.named(name)
        #expect(try Self.read(configuration.json).configuration == configuration)
        let withBase = try Self.read(configuration.fileText(version: NetworkConfiguration.version, base: name))
        #expect(withBase.configuration == configuration && withBase.base == name)
    }

    @Test func namesWhatDiffers() throws {
        let read = try Self.read(
            """
            {"version": 1, "base": "paper-r50", "visual": {"stages": [4, 5]}, "language": {"blocks": [2]},
             "groups": {"layers": 1}, "fusion": {"kind": "transformer", "layers": 2, "heads": 4, "feedForward": 512, "activation": "gelu"},
             "loss": {"lambda": 0.5, "learnsSigma": false, "initialSigma": 1.5}, "padColor": [0, 0, 0], "normEpsilon": 1e-6,
             "imageCentered": false, "imageAntialiased": false}
            """)
        var expected = NetworkConfiguration.paperR50
        (expected.visual.stages, expected.language.blocks, expected.groups.layers) = ([4, 5], [2], 1)
        expected.fusion = .init(kind: .transformer, layers: 2, heads: 4, feedForward: 512)
        expected.fusion.activation = .gelu
        (expected.loss.lambda, expected.loss.learnsSigma, expected.loss.initialSigma) = (0.5, false, [1.5, 1.5])
        (expected.padColor, expected.normEpsilon) = ([0, 0, 0], 1e-6)
        (expected.imageCentered, expected.imageAntialiased) = (false, false)
        #expect(
            try read.configuration.letterbox()
                == Letterbox(side: 512, padColor: RGB(0, 0, 0), isCentered: false, antialiases: false))
        #expect(read.configuration == expected && read.base == "paper-r50")
    }

    @Test(arguments: [
        (
            "{\"base\": \"small\",\n\"visual\": {\"stage\": [4]}}",
            "my.json:2: unknown key 'visual.stage'; did you mean 'visual.stages'?"
        ),
        ("{\"base\": \"small\", \"stages\": [4]}", "my.json:1: unknown key 'stages'; did you mean 'visual.stages'?"),
        (
            "{\"base\": \"smal\"}",
            "my.json:1: expected one of paper-r50, paper-r101, small, tiny for 'base', found 'smal'"
        ),
        (
            "{\"base\": \"small\",\n \"visual\": {\n\"stages\": [5, 4]}}",
            "my.json:3: visual.stages is [5, 4], but must be one to three of 3, 4, 5 in ascending order"
        ),
        // The widths of the base decide: the line is where the file says heads.
        (
            "{\"base\": \"small\", \"groups\":\n{\"heads\": 7}}",
            "my.json:2: groups.heads is 7, but must be a divisor of the width 64"
        ),
        (
            "{\"base\": \"small\", \"channels\": 62}",
            "my.json: groups.heads is 4, but must be a divisor of the width 62"
        ),
        ("{\"version\": 2, \"base\": \"small\"}", "my.json:1: version 2, this program reads versions 1 to 1"),
        (
            "{\"channels\": 4}",
            "my.json:1: expected key 'imageSide', or a \"base\" to take it from, found an object without it"
        ),
        (
            "{\"base\": \"small\", \"padColor\": [0, 0, 256]}",
            "my.json:1: padColor is [0, 0, 256], but must be three bytes"
        ),
    ]) func refuses(_ text: String, _ message: String) throws {
        let got = Self.message { _ = try Self.read(text) }
        #expect(got.hasSuffix(message), "\(got)")
    }

    @Test func neitherNameNorFile() {
        #expect(
            Self.message { _ = try ChosenConfiguration("huge") }
                == "there is no configuration named huge; known are paper-r50, paper-r101, small, tiny")
        #expect(
            Self.message { _ = try ChosenConfiguration("/nowhere.json") }.hasPrefix(
                "/nowhere.json: cannot read it: No such file"))
    }

    /// Every key of the file moves something: none is read and forgotten.
    @Test func everyKeyIsKept() throws {
        let before = NetworkConfiguration.paperR50.json
        func leaves(_ text: String) -> [Substring] {
            text.split(separator: "\n").filter { $0.contains(": ") && !$0.hasSuffix("{") }
        }
        let changes = [
            "\"imageSide\": 64", "\"imageMean\": [0.5, 0.5, 0.5]", "\"imageDeviation\": [1, 1, 1]",
            "\"padColor\": [1, 2, 3]", "\"imageCentered\": false", "\"imageAntialiased\": false", "\"channels\": 32",
            "\"dropout\": 0.3", "\"normEpsilon\": 0.001", "\"sharesProjections\": true", "\"headLayers\": 2",
            "\"visual\": {\"block\": \"basic\", \"stemChannels\": 8, \"stemKernel\": 3, \"blocks\": [1, 1, 1, 1], \"widths\": [8, 8, 8, 8],"
                + " \"frozenNorm\": false, \"stages\": [5], \"positions\": \"sine\", \"down\": \"convolution\", \"up\": \"bilinear\"}",
            "\"language\": {\"vocabulary\": 99, \"width\": 32, \"layers\": 8, \"heads\": 4, \"feedForward\": 9, \"positions\": 41, \"tokenTypes\": 1,"
                + " \"maximumLength\": 41, \"blocks\": [3]}",
            "\"groups\": {\"kind\": \"transformer\", \"layers\": 7, \"heads\": 2, \"feedForward\": 3, \"activation\": \"gelu\"}",
            "\"fusion\": {\"kind\": \"transformer\", \"layers\": 8, \"heads\": 4, \"feedForward\": 4, \"activation\": \"gelu\"}",
            "\"start\": {\"residualGain\": 0.5, \"wordDeviation\": 0.5, \"positionDeviation\": 0.5, \"tokenTypeDeviation\": 0.5,"
                + " \"gridAmplitude\": 0.5, \"headGain\": 0.5, \"box\": [0.1, 0.2, 0.3, 0.4]}",
            "\"loss\": {\"lambda\": 0.1, \"initialSigma\": [1, 2], \"learnsSigma\": false, \"exponentLimit\": 3, \"minimumSigma\": 0.1, \"isSelfPaced\": false,"
                + " \"mu\": [0.1, 0.2]}",
        ]
        let after = try Self.read("{\"base\": \"paper-r50\", " + changes.joined(separator: ", ") + "}").configuration
            .json
        let kept = zip(leaves(before), leaves(after)).filter { $0 == $1 }.map { $0.0 }
        #expect(kept.map { $0.drop { $0 == " " } } == ["\"version\": 1,"])
    }
}
