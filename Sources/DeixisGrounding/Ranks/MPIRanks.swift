internal import CDeixisMPI
internal import DeixisTraining

/// The ranks of a run that a launcher of MPI has started (`mpirun -np 4`, `srun`): Open MPI, the MPICH family, or any
/// library of MPI's standard binary interface. It is looked for when the launcher's environment says that there are
/// ranks; without it this program works as before.
///
/// All calls come from one thread. A call that goes wrong inside MPI ends all ranks.
public final class MPIRanks: Ranks {
    public let rank: Int
    public let count: Int
    /// What started the ranks, e.g. "Open MPI", and the library's line about itself.
    public let launcher: String
    public let library: String
    /// How many of the ranks run on this machine, and how many of those may use just the cores that this one may.
    public private(set) var onThisMachine = 1, onTheseCores = 1

    /// How many processes the launcher of this one says that it has started; nil where there is none, or it does not say.
    public static var launchedCount: Int? {
        let launch = deixis_launch_of_environment()
        return launch.launcher != nil && launch.size >= 0 ? Int(launch.size) : nil
    }

    /// Joins the ranks that were started together; nil where this process was started alone.
    /// - Throws: `ranks`, where a launcher has started several and no library, or another one's, is found.
    public static func join() throws(GroundingError) -> MPIRanks? {
        var launch = deixis_launch_of_environment()
        guard let launcher = launch.launcher, launch.size != 1 else { return nil }
        var message = [CChar](repeating: 0, count: 1024)
        let status = deixis_mpi_start(&launch, &message, message.count)
        let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        switch status {
        case DEIXIS_MPI_READY: return MPIRanks(String(cString: launcher))
        case DEIXIS_MPI_MISSING:
            throw .ranks(
                "\(text). Install the library that belongs to the launcher, or name it: DEIXIS_MPI_LIBRARY=/path/libmpi.so"
            )
        case DEIXIS_MPI_MISMATCH:
            throw .ranks("\(text): launcher and library belong to different MPIs; each rank would train alone")
        default: throw .ranks(text)
        }
    }

    private init(_ launcher: String) {
        rank = Int(deixis_mpi_rank())
        count = Int(deixis_mpi_size())
        self.launcher = launcher
        library = String(cString: deixis_mpi_library())
        var place = deixis_place_of_process()
        let own = withUnsafeBytes(of: &place) { Array($0) }, all = gather(own)
        let host = 0..<MemoryLayout.size(ofValue: place.host)
        onThisMachine = all.count { $0[host] == own[host] }
        onTheseCores = all.count { $0 == own }
    }

    /// Threads that leave each rank's cores to itself: cores that several may use are shared out.
    public var fairThreads: Int { max(1, Backend.usableCores / onTheseCores) }

    private final class Sum: RankSum {
        private let request = UnsafeMutablePointer<deixis_mpi_request>.allocate(capacity: 1)
        init(_ values: UnsafeMutableBufferPointer<Float>) {
            deixis_mpi_sum_begin(values.baseAddress, values.count, request)
        }
        deinit {
            // The library holds it until then.
            wait()
            request.deallocate()
        }
        func hasEnded() -> Bool { deixis_mpi_test(request) }
        func wait() { deixis_mpi_wait(request) }
    }

    public func beginSum(_ values: UnsafeMutableBufferPointer<Float>) -> any RankSum { Sum(values) }

    public func sum(_ values: [Double]) -> [Double] {
        var values = values
        deixis_mpi_sum_doubles(&values, values.count)
        return values
    }

    public func gather(_ bytes: [UInt8]) -> [[UInt8]] {
        var all = [UInt8](repeating: 0, count: bytes.count * count)
        deixis_mpi_gather_all(bytes, bytes.count, &all)
        return (0..<count).map { Array(all[$0 * bytes.count..<($0 + 1) * bytes.count]) }
    }

    /// Leaves in good order; every rank does.
    public func finish() { deixis_mpi_finish() }
    /// Ends all ranks at once.
    public func abort(_ code: Int32) -> Never { deixis_mpi_abort(code) }
}
