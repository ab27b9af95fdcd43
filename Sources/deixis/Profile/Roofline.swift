/// Which of the machine's limits a step runs into, and how near it comes.
struct Roofline {
    enum Side: String {
        /// The multiply-accumulates take longer than reading would.
        case compute
        /// Reading from memory takes longer.
        case memory
        /// It would take longer from memory, but the bytes came faster than memory gives them: they lay in a cache.
        case cache
    }

    let side: Side
    /// Of the peak of its element type; nil without multiply-accumulates.
    let peakShare: Double?
    /// Of what the side's limit allows: of the peak, or of the bandwidth.
    let roofShare: Double

    /// - Parameter seconds: more than 0.
    init(macs: Int, bytes: Int, seconds: Double, isInt8: Bool, peaks: Peaks) {
        let peak = isInt8 ? peaks.int8 : peaks.float
        let rate = Double(macs) / seconds, traffic = Double(bytes) / seconds
        peakShare = macs > 0 ? rate / peak : nil
        if macs > 0, Double(macs) / peak >= Double(bytes) / peaks.memory {
            side = .compute
            roofShare = rate / peak
        } else if traffic <= peaks.memory * 1.1 {
            side = .memory
            roofShare = traffic / peaks.memory
        } else {
            side = .cache
            roofShare = traffic / peaks.cache
        }
    }
}
