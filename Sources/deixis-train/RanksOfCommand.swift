internal import ArgumentParser
internal import DeixisCommand
internal import DeixisGrounding
internal import DeixisTraining

extension MPIRanks {
    /// Runs `body` on every rank, and ends them all where it fails on one: that one says why, and who it is.
    func run(_ body: () throws -> Void) throws {
        func say(_ error: any Error) -> Int32 {
            let known = DeixisTrain.failure(error)
            Console.note("deixis-train: \(name): \(known?.message ?? "\(error)")")
            return known?.code.rawValue ?? CommandError.Code.internalFault.rawValue
        }
        var code: ExitCode?
        do {
            try body()
        } catch let ending as ExitCode {
            code = ending
        } catch let failed as FailedTogether {
            code = ExitCode(say(failed.error))
        } catch let other as GroundingError where other.isOfAnotherRank {
            code = ExitCode(other.exitCode)
        } catch {
            abort(say(error))
        }
        // A launcher ends all ranks when the first has left with a failure: not before every word is said.
        _ = any(false)
        finish()
        if let code { throw code }
    }

    /// What makes ranks slow; for the first of them to say.
    var warnings: [String] {
        let threads = Backend.threadCount, cores = Backend.usableCores
        guard threads > cores || threads * onTheseCores > max(cores, onTheseCores) else { return [] }
        return [
            "warning: \(threads) threads a rank, but \(onTheseCores) rank\(onTheseCores == 1 ? " is" : "s are") bound to the same "
                + "\(cores) core\(cores == 1 ? "" : "s") (mpirun's --bind-to and --map-by, or --threads)"
        ]
    }
}
