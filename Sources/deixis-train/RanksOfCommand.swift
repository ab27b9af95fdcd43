internal import ArgumentParser
internal import DeixisCommand
internal import DeixisGrounding
internal import DeixisTraining

extension MPIRanks {
    /// Runs `body` on every rank, and ends them all where it fails on one: that one says why, and who it is.
    func run(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let code as ExitCode {
            finish()
            throw code
        } catch GroundingError.otherRankFailed(let rank) {
            // All have met the failure together, and that rank tells it.
            finish()
            throw ExitCode(GroundingError.otherRankFailed(rank: rank).exitCode)
        } catch {
            let known = DeixisTrain.failure(error)
            Console.note("deixis-train: \(name): \(known?.message ?? "\(error)")")
            abort(known?.code.rawValue ?? CommandError.Code.internalFault.rawValue)
        }
        finish()
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
