import DeixisInput
@testable import DeixisGrounding
import Foundation
import Testing

@Suite struct StudyFileTests {
    static func read(_ text: String, _ prepare: (Folder) throws -> Void = { _ in }) throws -> Study {
        let folder = try Folder()
        try prepare(folder)
        try folder.write(text, "my.json")
        return try Study(file: folder.path + "/my.json")
    }

    static func recipe(_ study: Study, _ point: Int) throws -> TrainingRecipe { try study.points[point].recipe.get() }

    @Test func pointsSayWhatDiffers() throws {
        let study = try Self.read(
            """
            {"points": [{"name": "as it is"},
                        {"name": "C4 / alone", "config": {"visual": {"stages": [4]}, "loss": {"lambda": 1}}},
                        {"name": "slow", "recipe": {"rate": 1e-5, "samples": 40}}],
             "title": "Three", "seeds": [3, 18446744073709551615], "samples": 64, "unseen": 10,
             "recipe": {"base": "scenes", "batchSize": 8, "loss": {"lambda": 0.5}},
             "config": {"base": "tiny", "dropout": 0.25}}
            """)
        #expect(study.title == "Three" && study.seeds == [3, .max] && study.length == "64 samples")
        #expect(study.points.map(\.name) == ["as it is", "C4 / alone", "slow"])
        #expect(study.points.map(\.folder) == ["as-it-is", "c4-alone", "slow"])
        #expect(study.points[1].differences == #"config {"visual": {"stages": [4]}, "loss": {"lambda": 1}}"#)
        let (plain, alone, slow) = (
            try Self.recipe(study, 0), try Self.recipe(study, 1), try Self.recipe(study, 2)
        )
        #expect(plain.configuration.dropout == 0.25 && plain.configuration.imageSide == 32)
        #expect(plain.batchSize == 8 && plain.samples == 64 && plain.configuration.loss.lambda == 0.5)
        #expect(alone.configuration.visual.stages == [4] && alone.configuration.loss.lambda == 1)
        #expect(alone.configuration.dropout == 0.25 && slow.rate == 1e-5 && slow.samples == 40)
        #expect(study.unseen.count == 10 && study.unseen.line == "10 generated scenes of seed 1000001")
        #expect(study.pretraining == nil && study.points.allSatisfy { $0.visual == .random })
    }

    /// Every combination, the first axis slowest; what later axes say wins.
    @Test func aGridIsACrossProduct() throws {
        let study = try Self.read(
            """
            {"config": "tiny", "points": [{"name": "base"}],
             "grid": {"groups": [{"name": "g0", "config": {"groups": {"layers": 0}}},
                                 {"name": "g1", "config": {"fusion": {"layers": 7}}}],
                      "fusion": [{"name": "f1", "config": {"fusion": {"layers": 1}}},
                                 {"name": "f2", "config": {"fusion": {"layers": 2}}},
                                 {"name": "f0", "config": {"fusion": {"layers": 0}}}]}}
            """)
        #expect(
            study.points.map(\.name) == ["base", "g0, f1", "g0, f2", "g0, f0", "g1, f1", "g1, f2", "g1, f0"])
        #expect(try Self.recipe(study, 5).configuration.fusion.layers == 2)
        #expect(try Self.recipe(study, 2).configuration.groups.layers == 0)
        // One combination can be no network: it alone fails, and says where the file says it.
        guard case .failure(let error) = study.points[3].recipe else { Issue.record("it has not failed"); return }
        #expect(
            error.description.hasSuffix("my.json:6: fusion.layers is 0, but must be 1 or more where groups.layers is 0")
        )
        #expect(study.points[3].settings.isEmpty && study.points.filter { $0.settings.isEmpty }.count == 1)
    }

    /// Scenes of the study's own: after a curriculum's stages, held out, and unseen; a file of curricula is as before.
    @Test func scenesAreOfOneKind() throws {
        let one = #"{"objectCounts": [{"count": 1, "share": 1}]}"#,
            two = #"{"objectCounts": [{"count": 2, "share": 1}]}"#
        let curriculum = #"{"stages": [{"until": 8, "settings": \#(one)}]}"#
        let study = try Self.read(
            """
            {"config": "tiny", "data": {"scenes": \(two)}, "unseen": 6,
             "recipe": {"base": "scenes", "curriculum": \(curriculum)},
             "points": [{"name": "a"}, {"name": "b", "recipe": {"curriculum": {"stages": []}}}]}
            """)
        let (a, b) = (try Self.recipe(study, 0).curriculum, try Self.recipe(study, 1).curriculum)
        #expect(a.stages.map(\.until) == [8, 1 << 48] && b.stages.map(\.until) == [1 << 48])
        #expect(a.heldOut?.objectCounts == [.init(2, 1)] && b.heldOut == a.heldOut)
        let samples = try (0..<6).map { try study.unseen.source.sample($0) }
        let same = SceneGenerator(seed: 1_000_001, settings: try #require(a.heldOut))
        #expect(samples.map(\.sentence) == (0..<6).map { same.sample($0).sentence })
        // As large as a file's, the box as a manifest has it.
        #expect(samples[3].image == same.sample(3).scene.render())
        #expect(samples.allSatisfy { ($0.box.x * 100).rounded() / 100 == $0.box.x })
        let measured = try Self.read(
            """
            {"recipe": {"base": "scenes", "curriculum": {"stages": [], "heldOut": \(two)}},
             "points": [{"name": "a"}], "unseen": 6}
            """
        )
        #expect(measured.unseen.settings == study.unseen.settings)
    }

    /// What decides a run changes its checksum; names, titles and order do not.
    @Test func settingsAreKnownByTheirChecksum() throws {
        func settings(_ more: String, _ point: String = "", title: String = "T") throws -> String {
            try Self.read(
                #"{"title": "\#(title)", "config": "tiny"\#(more), "points": [{"name": "x"\#(point)}]}"#
            ) { folder in
                try folder.write("weights", "a.bin")
                try folder.write("weights", "b.bin")
                try folder.write("others", "c.bin")
            }.points[0].settings
        }
        let plain = try settings("")
        #expect(plain.count == 16)
        #expect(try settings(#", "seeds": [5]"#, title: "U") == plain)
        #expect(try settings("", #", "config": {"dropout": 0}"#) == plain)
        #expect(try settings(#", "recipe": "scenes", "unseen": 3"#) == plain)
        let a = try settings(#", "pretrainedVisual": "a.bin""#)
        #expect(try settings(#", "pretrainedVisual": "b.bin""#) == a)
        #expect(try settings("", #", "pretrainedVisual": "a.bin""#) == a)
        let others = [
            a, try settings(#", "samples": 8"#), try settings("", #", "config": {"dropout": 0.5}"#),
            try settings("", #", "recipe": {"rate": 1}"#), try settings(#", "pretrainedVisual": "c.bin""#),
            try settings(#", "pretrain": {}"#), try settings(#", "pretrain": {"samples": 8}"#),
            try settings(#", "data": {"scenes": {"twins": 0}}"#),
            try settings("", #", "config": {"loss": {"lambda": 1}}"#),
        ]
        #expect(Set(others + [plain]).count == others.count + 1)
    }

    @Test func dataSetsAreMeasuredOnTheirValidation() throws {
        let folder = try DatasetTests.handMade([DatasetTests.good])
        func study(_ more: String) throws -> Study {
            try folder.write(
                #"{"config": "tiny", "data": {"directories": ["."]\#(more), "points": [{"name": "x"}]}"#, "my.json")
            return try Study(file: folder.path + "/my.json")
        }
        let validated = try study(#", "validation": "."}"#)
        #expect(validated.unseen.count == 1 && validated.unseen.line == "1 samples of \(folder.path)/.")
        #expect(
            try Self.recipe(validated, 0).data == .directories([folder.path + "/."], validation: folder.path + "/."))
        #expect(try study(#"}, "unseen": ".""#).unseen.settings == validated.unseen.settings)
        let message = ConfigurationFileTests.message { _ = try study(#"}, "unseen": 20"#) }
        #expect(
            message.hasSuffix(
                "my.json:1: unseen is a number, but must be the directory of a data set, as 'data' are data sets"))
    }

    @Test(arguments: [
        ("{\"config\": \"tiny\",\n\"point\": []}", "my.json:2: unknown key 'point'; did you mean 'points'?"),
        (
            "{\"points\": [{\"name\": \"x\",\n\"config\": {\"visual\": {\n\"stage\": [4]}}}]}",
            "my.json:3: unknown key 'visual.stage'; did you mean 'visual.stages'?"
        ),
        (
            "{\"points\": [{\"name\": \"x\",\n\n\"recipe\": {\"rates\": {}, \"batchsize\": 3}}]}",
            "my.json:3: unknown key 'batchsize'; did you mean 'batchSize'?"
        ),
        (
            "{\"points\": [{\"name\": \"x\"}],\n \"points\": []}",
            "my.json:2: expected every key once, found 'points' twice"
        ),
        (
            "{\"title\": \"T\"}",
            "my.json: points is empty, but must be a list of one point or more, unless there is a grid"
        ),
        ("{\"points\": [{\"config\": {}}]}", "my.json:1: expected key 'points[0].name', found an object without it"),
        (
            "{\"points\": [{\"name\": \"x\"},\n{\"name\": \"x\"}]}",
            "my.json:2: points[1].name is 'x', but must be another name than another point's"
        ),
        (
            "{\"points\": [{\"name\": \"a/b\"},\n{\"name\": \"A b\"}]}",
            "my.json:2: points[1].name is 'A b', but must be a name that differs more from 'a/b': "
                + "both would be in the folder a-b"
        ),
        ("{\"points\": [{\"name\": \"\"}]}", "my.json:1: points[0].name is empty, but must be the point's name"),
        (
            "{\"points\": [{\"name\": \"x\"}],\n\"seeds\": [1, 1]}",
            "my.json:2: seeds is [1, 1], but must be numbers of which none comes twice"
        ),
        (
            "{\"points\": [{\"name\": \"x\"}], \"seeds\": []}",
            "my.json:1: seeds is empty, but must be a list of one seed or more"
        ),
        (
            "{\"points\": [{\"name\": \"x\"}],\n\"config\": \"smal\"}",
            "my.json:2: expected one of paper-r50, paper-r101, small, tiny, or an object, for 'config', found 'smal'"
        ),
        (
            "{\"points\": [{\"name\": \"x\", \"config\": \"tiny\"}]}",
            "my.json:1: expected an object of settings, found a string"
        ),
        (
            "{\"points\": [{\"name\": \"x\"}],\n\"recipe\": {\"base\": \"scenes\", \"seed\": 3}}",
            "my.json:2: a recipe's seed is given, but must be left to 'seeds'"
        ),
        (
            "{\"points\": [{\"name\": \"x\"}], \"grid\": {\"a\": [],\n\"a\": []}}",
            "my.json:2: expected every key once, found 'grid.a' twice"
        ),
        ("{\"grid\": {\"a\": []}}", "my.json:1: grid.a is empty, but must be a list of one choice or more"),
        (
            "{\"points\": [{\"name\": \"x\"}], \"pretrain\": {}, \"pretrainedVisual\": \"v\"}",
            "my.json:1: pretrain is given beside 'pretrainedVisual', but must be one of the two"
        ),
        (
            "{\"points\": [{\"name\": \"x\"}],\n\"pretrain\": {\"batchSize\": 1}}",
            "my.json:2: batch size is 1, but must be 2 to 65536"
        ),
        (
            "{\"points\": [{\"name\": \"x\"}], \"pretrainedVisual\": \"none\"}",
            "/none: cannot read it: No such file or directory"
        ),
        ("{\"points\": [{\"name\": \"x\"}], \"unseen\": 0}", "my.json:1: unseen is 0, but must be 1 to 10000000"),
        (
            "{\"points\": [{\"name\": \"x\"}], \"data\": {\"scenes\": {}, \"directories\": [\"d\"]}}",
            "my.json:1: data is scenes and directories, but must be one of the two"
        ),
        (
            "{\"points\": [{\"name\": \"x\"}], \"data\": {\"directories\": [\"d\"]}}",
            "/d: no manifest.jsonl in it (formats/dataset.md describes a data set's directory)"
        ),
        (
            "{\"points\": [{\"name\": \"x\"}],\n\"data\": {\"scenes\": {"
                + "\"objectCounts\": [{\"count\": 12, \"share\": 1}]}}}",
            "my.json:2: objectCounts is 12, but must be 1 to 9 objects"
        ),
        (
            "{\"version\": 2, \"points\": [{\"name\": \"x\"}]}",
            "my.json:1: version 2, this program reads versions 1 to 1"
        ),
    ]) func refuses(_ text: String, _ message: String) throws {
        let got = ConfigurationFileTests.message { _ = try Self.read(text) }
        #expect(got.hasSuffix(message), "\(got)")
    }

    @Test func foldersAreFitForAnyFileSystem() {
        let names = [
            "lambda 0.5", "C4 + C5", "../../etc", "study.json", "Größe", "λ", "0.", ".5", "a.5", "Transformer, 4",
        ]
        #expect(
            names.map(StudyPoint.folder) == [
                "lambda-0.5", "c4-c5", "etc", "study-json", "gr-e", "", "0", "5", "a-5", "transformer-4",
            ])
        #expect(StudyPoint.folder(for: String(repeating: "ab ", count: 100)).count <= 80)
    }

    /// The studies that come with the program are sound, and what they name is what they should compare.
    @Test(arguments: [("features", 5), ("depth", 7), ("loss", 7), ("interaction", 3)])
    func theStudiesThatComeAlong(_ name: String, _ count: Int) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
            .standardizedFileURL.path
        let study = try Study(file: "\(root)/tools/studies/\(name).json")
        #expect(study.points.count == count && study.seeds == [1, 2] && study.length == "60000 samples")
        #expect(Set(study.points.map(\.settings)).count == count && !study.points.contains { $0.settings.isEmpty })
        #expect(study.pretraining?.samples == 60_000 && study.points.allSatisfy { $0.visual == .pretrained })
        #expect(study.unseen.count == 2000)
        if name == "interaction" {
            let sizes = try study.points.map { try $0.size().parameters }
            #expect(sizes[1] < sizes[0] && abs(Double(sizes[2]) / Double(sizes[0]) - 1) < 0.01, "\(sizes)")
        }
    }
}
