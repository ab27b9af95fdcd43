import CDeixisTensor

/// The scalars a tape computes in: `Float` for training, `Double` for gradient checks.
public protocol Real: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    static var isDouble: Bool { get }
}

extension Float: Real {
    public static var isDouble: Bool { false }
}

extension Double: Real {
    public static var isDouble: Bool { true }
}

extension Real {
    /// The table of C loops for this scalar on this CPU.
    static var kernels: UnsafePointer<dxt_kernels> { isDouble ? KernelTables.double.table : KernelTables.single.table }
}

/// Found once; the tables are constants of the program.
private struct KernelTables: @unchecked Sendable {
    let table: UnsafePointer<dxt_kernels>
    static let single = KernelTables(table: dxt_kernel_table(false, dxt_best_isa()))
    static let double = KernelTables(table: dxt_kernel_table(true, dxt_best_isa()))
}
