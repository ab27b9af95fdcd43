import Foundation
import Testing

/// `mpirun -np N deixis-train train`: what several processes make is what one makes.
@Suite(.serialized) struct RanksCommandTests {
    /// A launcher and the options that let it run as root on fewer cores than ranks.
    struct Launcher: Sendable, CustomTestStringConvertible {
        let program: String
        let options: [String]
        var testDescription: String { program }

        /// What is installed here: Open MPI, MPICH.
        static let all: [Launcher] = [
            ("mpirun.openmpi", ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]), ("mpirun.mpich", []),
        ].compactMap { name, options in find(name).map { Launcher(program: $0, options: options) } }

        func run(_ count: Int, _ arguments: [String], environment: [String: String] = [:]) throws -> Finished {
            try launch(
                program,
                options + ["-np", "\(count)", products.appendingPathComponent("deixis-train").path] + arguments,
                environment: environment)
        }
    }

    static let isLaunchable = !Launcher.all.isEmpty

    /// Frozen norms, so that it does not matter how a batch is cut.
    static func options(_ folder: String) throws -> [String] {
        let config = folder + "/tiny.json"
        try Data(#"{"version": 1, "base": "tiny", "visual": {"frozenNorm": true}}"#.utf8).write(
            to: URL(fileURLWithPath: config))
        return [
            "train", "--config", config, "--scenes", "--samples", "96", "--batch", "12", "--held-out", "9",
            "--evaluate-every", "4", "--threads", "1",
        ]
    }

    /// Losses and accuracies of a run's log, without what only time changes.
    static func log(_ run: String) throws -> [[String: Double]] {
        try String(contentsOfFile: run + "/log.jsonl", encoding: .utf8).split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Double] ?? [:]
            return object.filter { !["seconds", "samplesPerSecond", "secondsWaitedForData"].contains($0.key) }
        }
    }

    static func expectEqual(_ a: String, _ b: String) throws {
        let (a, b) = (try log(a), try log(b))
        #expect(a.count == b.count && !a.isEmpty)
        for (x, y) in zip(a, b) {
            #expect(x.keys.sorted() == y.keys.sorted())
            for (name, value) in x {
                // Sums in another order: what they are rounded to grows from step to step, most in small gradients.
                let other = y[name] ?? .nan, most = name == "gradientNorm" ? 0.1 * abs(other) : 5e-3
                #expect(abs(value - other) < most, "step \(x["step"] ?? 0), \(name): \(value) \(other)")
            }
            for name in ["heldOutAccuracy", "step", "samples"] { #expect(x[name] == y[name]) }
        }
    }

    @Test(.enabled(if: isLaunchable, "no mpirun here"), arguments: Launcher.all, [2, 4])
    func ranksTrainAsOneProcess(launcher: Launcher, count: Int) throws {
        let folder = try makeFolder().path
        let alone = try TrainCommandTests.train(Self.options(folder) + ["--out", folder + "/1"])
        try #require(alone.code == 0, "\(alone.errors)")
        let run = folder + "/\(count)"
        let several = try launcher.run(count, Self.options(folder) + ["--out", run])
        #expect(several.code == 0, "\(several.errors)")
        #expect(several.errors.contains("\(count) ranks, started by "), "\(several.errors)")
        // One of them speaks.
        #expect(several.output.components(separatedBy: "Next: deixis-train export").count == 2, "\(several.output)")
        try Self.expectEqual(folder + "/1", run)
        #expect(try FileManager.default.contentsOfDirectory(atPath: run).sorted() == ["checkpoint", "log.jsonl"])
        // A run goes on with any number of ranks.
        let longer = ["train", "--resume", "--samples", "144", "--threads", "1", "--out"]
        #expect(try launcher.run(3, longer + [run]).code == 0)
        #expect(try TrainCommandTests.train(longer + [folder + "/1"]).code == 0)
        try Self.expectEqual(folder + "/1", run)
    }

    static let hasHosts =
        geteuid() == 0 && find("mpirun.openmpi") != nil && find("unshare") != nil && find("ip") != nil

    /// Two network namespaces, each with a name and an address of its own: gradients go over a wire.
    @Test(.enabled(if: hasHosts, "needs root, Open MPI, unshare and ip"), arguments: [2, 4])
    func twoHostsTrainAsOneProcess(count: Int) throws {
        let folder = try makeFolder().path
        let alone = try TrainCommandTests.train(Self.options(folder) + ["--out", folder + "/1"])
        try #require(alone.code == 0, "\(alone.errors)")
        let run = try launch(
            root.path + "/Tests/CommandTests/Fixtures/two_hosts.sh",
            ["\(count)", products.appendingPathComponent("deixis-train").path]
                + Self.options(folder) + ["--out", folder + "/2"])
        if run.code == 69, !run.errors.contains("deixis-train") { return }
        #expect(run.code == 0, "\(run.errors)")
        try Self.expectEqual(folder + "/1", folder + "/2")
    }

    /// Each would train alone and replace the others' checkpoint: refused instead.
    @Test(.enabled(if: isLaunchable, "no mpirun here"), arguments: Launcher.all)
    func aLibraryOfAnotherLauncherIsRefused(launcher: Launcher) throws {
        let folder = try makeFolder().path
        let other = launcher.program.hasSuffix("mpich") ? "libmpi.so.40" : "libmpich.so.12"
        let run = try launcher.run(
            2, Self.options(folder) + ["--out", folder + "/run"], environment: ["DEIXIS_MPI_LIBRARY": other])
        #expect(run.code != 0)
        // The other library is not installed, or is and does not know this launcher.
        #expect(
            run.errors.contains("launcher and library belong to different MPIs")
                || run.errors.contains("no MPI library of"), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder + "/run/checkpoint"))
    }

    /// A library that ends the process when two threads are in it: ours asks after sums while another begins new ones.
    @Test(arguments: [2, 5]) func oneThreadAtATimeIsInTheLibrary(count: Int) throws {
        let compiler = try #require(find("cc", "gcc", "clang"))
        let folder = try makeFolder().path, library = folder + "/libfake.so"
        let built = try launch(
            compiler,
            [
                "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                root.path + "/Tests/CommandTests/Fixtures/fake_mpi.c", "-o", library,
            ])
        try #require(built.code == 0, "\(built.errors)")
        let run = try launch(
            products.appendingPathComponent("deixis-train").path,
            Self.options(folder) + ["--samples", "600", "--out", folder + "/run"],
            environment: [
                "OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "\(count)", "FAKE_MPI_RANKS": "\(count)",
                "DEIXIS_MPI_LIBRARY": library,
            ])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors.contains("\(count) ranks, started by Open MPI: fake MPI"), "\(run.errors)")
        // Two buckets a step, weights and running statistics; each sum was looked at until it ended.
        let line = try #require(run.errors.split(separator: "\n").last { $0.hasPrefix("fake MPI: ") })
        let numbers = line.split { !$0.isNumber }.compactMap { Int($0) }
        #expect(
            numbers.count == 3 && numbers[0] == 2 * 50 && numbers[1] == 4 * numbers[0] && numbers[2] == 0, "\(line)")
    }

    /// A launcher that only its environment tells of, and no library at all.
    @Test func aMissingLibraryIsNamed() throws {
        let folder = try makeFolder().path
        let run = try launch(
            products.appendingPathComponent("deixis-train").path, Self.options(folder) + ["--out", folder + "/run"],
            environment: [
                "OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2", "DEIXIS_MPI_LIBRARY": "/nowhere/libmpi.so",
            ])
        #expect(run.code == 69, "\(run.errors)")
        #expect(
            run.errors.contains("no MPI library of Open MPI: /nowhere/libmpi.so")
                && run.errors.contains("DEIXIS_MPI_LIBRARY=/path/libmpi.so"), "\(run.errors)")
        // One rank needs no library.
        let alone = try launch(
            products.appendingPathComponent("deixis-train").path,
            ["describe", "tiny"], environment: ["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"])
        #expect(alone.code == 0, "\(alone.errors)")
    }

    @Test func otherCommandsAreOneProcess() throws {
        let run = try launch(
            products.appendingPathComponent("deixis-train").path, ["evaluate", "m.onnx", "--data", "d"],
            environment: ["PMI_RANK": "1", "PMI_SIZE": "4"])
        #expect(run.code == 64)
        #expect(run.errors.contains("evaluate is one process, but 4 were started"), "\(run.errors)")
    }

    /// What is wrong on all is said once; what is wrong on one ends all, and that one is named.
    @Test(.enabled(if: isLaunchable, "no mpirun here"), arguments: Launcher.all)
    func failuresEndAllRanks(launcher: Launcher) throws {
        let folder = try makeFolder().path
        let lost = try launcher.run(
            2, ["train", "--config", "tiny", "--data", folder + "/none", "--out", folder + "/run"])
        #expect(lost.code != 0)
        #expect(lost.errors.components(separatedBy: "deixis-train: rank 0 of 2: ").count == 2, "\(lost.errors)")
        #expect(!lost.errors.contains("rank 1 of 2"), "\(lost.errors)")
    }

    /// A rank that is killed takes the others with it, at once.
    @Test(.enabled(if: isLaunchable, "no mpirun here"), .timeLimit(.minutes(2)), arguments: Launcher.all)
    func aKilledRankEndsTheRun(launcher: Launcher) throws {
        let folder = try makeFolder().path
        // Rank 1 kills itself after some seconds of an endless run.
        let script = """
            if [ "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ]; then (sleep 4; kill -9 $$) & fi
            exec "$0" "$@"
            """
        let program = products.appendingPathComponent("deixis-train").path
        let run = try launch(
            launcher.program,
            launcher.options + ["-np", "2", "/bin/bash", "-c", script, program]
                + [
                    "train", "--config", "tiny", "--scenes", "--samples", "100000000", "--threads", "1", "--out",
                    folder,
                ])
        #expect(run.code != 0)
        #expect(
            run.output.contains("signal 9") || run.errors.contains("signal 9") || run.errors.contains("KILLED"),
            "\(run.output) \(run.errors)")
    }
}
