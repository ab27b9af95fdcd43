/// What is wrong with a configuration.
public enum NetworkError: Error, Equatable, CustomStringConvertible {
    case unknownConfiguration(name: String, known: [String])
    case invalid(field: String, got: String, expected: String)

    public var description: String {
        switch self {
        case .unknownConfiguration(let name, let known):
            "there is no configuration named \(name); known are \(known.joined(separator: ", "))"
        case .invalid(let field, let got, let expected):
            "configuration field \(field) is \(got), expected \(expected)"
        }
    }
}

extension NetworkConfiguration {
    /// Throws at the first field no network can be built from.
    public func validate() throws(NetworkError) {
        func check(_ holds: Bool, _ field: String, _ got: some CustomStringConvertible, _ expected: String)
            throws(NetworkError)
        {
            guard holds else { throw .invalid(field: field, got: got.description, expected: expected) }
        }
        let sizes: ClosedRange<Int> = 1...65536
        try check(
            imageSide > 0 && imageSide % 32 == 0 && imageSide <= 4096, "imageSide", imageSide,
            "a multiple of 32 up to 4096")
        try check(imageMean.count == 3 && imageMean.allSatisfy(\.isFinite), "imageMean", imageMean, "three numbers")
        try check(
            imageDeviation.count == 3 && imageDeviation.allSatisfy { $0 > 0 }, "imageDeviation", imageDeviation,
            "three positive numbers")
        try check(padColor.count == 3 && padColor.allSatisfy((0...255).contains), "padColor", padColor, "three bytes")
        try check(normEpsilon > 0 && normEpsilon <= 1, "normEpsilon", normEpsilon, "above 0, at most 1")
        try check(sizes.contains(channels), "channels", channels, "1 or more")

        try check(sizes.contains(visual.stemChannels), "visual.stemChannels", visual.stemChannels, "1 or more")
        try check([3, 5, 7].contains(visual.stemKernel), "visual.stemKernel", visual.stemKernel, "3, 5 or 7")
        try check(
            visual.blocks.count == 4 && visual.blocks[0] >= 0
                && visual.blocks.dropFirst().allSatisfy { sizes.contains($0) }, "visual.blocks",
            visual.blocks, "four counts; only the first may be 0")
        try check(
            visual.widths.count == 4 && visual.widths.allSatisfy { sizes.contains($0) }, "visual.widths", visual.widths,
            "four positive widths")
        try check(
            Self.isAscending(visual.stages, in: 3...5), "visual.stages", visual.stages,
            "one to three of 3, 4, 5 in ascending order")

        try check(
            language.vocabulary > 0 && language.vocabulary <= 1 << 24, "language.vocabulary", language.vocabulary,
            "1 or more")
        try check(sizes.contains(language.width), "language.width", language.width, "1 or more")
        try check(
            language.layers % 2 == 0 && (2...48).contains(language.layers), "language.layers", language.layers,
            "an even number from 2 to 48: blocks of two")
        try check(
            language.heads > 0 && language.width % language.heads == 0, "language.heads", language.heads,
            "a divisor of language.width \(language.width)")
        try check(sizes.contains(language.feedForward), "language.feedForward", language.feedForward, "1 or more")
        try check(language.maximumLength >= 3, "language.maximumLength", language.maximumLength, "3 or more")
        try check(
            language.positions >= language.maximumLength, "language.positions", language.positions,
            "at least language.maximumLength \(language.maximumLength)")
        try check(language.tokenTypes >= 1, "language.tokenTypes", language.tokenTypes, "1 or more")
        try check(
            Self.isAscending(language.blocks, in: 1...language.layers / 2), "language.blocks", language.blocks,
            "one or more of 1 to \(language.layers / 2) in ascending order")

        for (name, part, width) in [("groups", groups, channels), ("fusion", fusion, fusionWidth)] {
            try check(part.layers >= 0 && part.layers <= 100, "\(name).layers", part.layers, "0 to 100")
            try check(
                part.heads > 0 && width % part.heads == 0, "\(name).heads", part.heads,
                "a divisor of the width \(width)")
            try check(sizes.contains(part.feedForward), "\(name).feedForward", part.feedForward, "1 or more")
        }
        // The head reads [CLS], and only fusion brings the image to it.
        try check(
            fusion.layers + groups.layers > 0, "fusion.layers", fusion.layers, "1 or more where groups.layers is 0")
        try check(dropout >= 0 && dropout < 1, "dropout", dropout, "0 or more, below 1")
        for (name, value) in [
            ("residualGain", start.residualGain), ("wordDeviation", start.wordDeviation),
            ("positionDeviation", start.positionDeviation),
            ("tokenTypeDeviation", start.tokenTypeDeviation), ("gridAmplitude", start.gridAmplitude),
            ("headGain", start.headGain),
        ] {
            try check(value >= 0 && value.isFinite, "start.\(name)", value, "0 or more")
        }
        try check(
            start.box.count == 4 && start.box.allSatisfy { $0 > 0 && $0 < 1 }, "start.box", start.box,
            "four numbers between 0 and 1")
        try check((1...16).contains(headLayers), "headLayers", headLayers, "1 to 16")
        try check(
            loss.mu.count == SelfPacedLoss.terms.count && loss.mu.allSatisfy(\.isFinite), "loss.mu", loss.mu,
            "\(SelfPacedLoss.terms.count) finite numbers")
        try check(loss.lambda.isFinite, "loss.lambda", loss.lambda, "a finite number")
        try check(
            loss.initialSigma.values.count == SelfPacedLoss.terms.count
                && loss.initialSigma.values.allSatisfy { $0.isFinite && $0 != 0 }, "loss.initialSigma",
            loss.initialSigma, "a finite number other than 0, or \(SelfPacedLoss.terms.count) of them")
        try check(
            loss.exponentLimit > 0 && loss.exponentLimit <= 80, "loss.exponentLimit", loss.exponentLimit,
            "above 0, at most 80")
        try check(loss.minimumSigma > 0, "loss.minimumSigma", loss.minimumSigma, "above 0")
    }

    private static func isAscending(_ numbers: [Int], in range: ClosedRange<Int>) -> Bool {
        !numbers.isEmpty && numbers.allSatisfy(range.contains)
            && zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
    }
}
