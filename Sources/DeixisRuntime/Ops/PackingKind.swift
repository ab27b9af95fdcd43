/// In which order the elements of a packed weight lie: for which kernels, and what decides it beside the weight's
/// shape.
///
/// `width`: columns of a register tile, which a panel holds. `transposed`: memory holds column after column of the
/// matrix. Compiled files hold the `code` of each packing; formats/compiled.md has its table.
enum PackingKind: Sendable {
    /// As it was, at an address that its element type allows. In no file, whose parts are aligned.
    case aligned
    case gemmF32(width: Int, transposed: Bool)
    case gemmS8(width: Int, transposed: Bool)
    /// Matrices of `heads`, one after the other, each as `gemmF32`: slices of rows (`HeadExpand`) or of columns
    /// (`HeadReduce`).
    case headExpand(width: Int, transposed: Bool, heads: Int)
    case headReduce(width: Int, transposed: Bool, heads: Int)
    /// Panels of each group's output channels.
    case convF32(width: Int, groups: Int)
    /// `wholeRows`: a step of the product takes a kernel's row, not a pixel.
    case convS8(width: Int, groups: Int, wholeRows: Bool)
    case winogradF32(width: Int)
    case depthwiseF32
    case depthwiseS8
    /// No weights, but the sum of each column's.
    case columnSums(transposed: Bool)

    private var fields: (family: Int, flag: Bool, number: Int, count: Int) {
        switch self {
        case .aligned: (0, false, 0, 0)
        case .gemmF32(let width, let transposed): (1, transposed, width, 0)
        case .gemmS8(let width, let transposed): (2, transposed, width, 0)
        case .headExpand(let width, let transposed, let heads): (3, transposed, width, heads)
        case .headReduce(let width, let transposed, let heads): (4, transposed, width, heads)
        case .convF32(let width, let groups): (5, false, width, groups)
        case .convS8(let width, let groups, let wholeRows): (6, wholeRows, width, groups)
        case .winogradF32(let width): (7, false, width, 0)
        case .depthwiseF32: (8, false, 0, 0)
        case .depthwiseS8: (9, false, 0, 0)
        case .columnSums(let transposed): (10, transposed, 0, 0)
        }
    }

    /// Family in byte 0, the flag in byte 1, width or zero point in bytes 2 and 3, heads or groups from byte 4 on.
    var code: Int {
        let (family, flag, number, count) = fields
        return family | (flag ? 1 << 8 : 0) | number << 16 | count << 32
    }

    /// The kind whose code it is.
    init(code: Int) throws(CompiledFileError) {
        let flag = code & 1 << 8 != 0, number = code >> 16 & 0xFFFF, count = code >> 32
        switch code & 0xFF {
        case 1: self = .gemmF32(width: number, transposed: flag)
        case 2: self = .gemmS8(width: number, transposed: flag)
        case 3: self = .headExpand(width: number, transposed: flag, heads: count)
        case 4: self = .headReduce(width: number, transposed: flag, heads: count)
        case 5: self = .convF32(width: number, groups: count)
        case 6: self = .convS8(width: number, groups: count, wholeRows: flag)
        case 7: self = .winogradF32(width: number)
        case 8: self = .depthwiseF32
        case 9: self = .depthwiseS8
        case 10: self = .columnSums(transposed: flag)
        default: throw .packing(code)
        }
        // Also where something stands in fields that the family does not have.
        if code < 0 || self.code != code { throw .packing(code) }
    }
}
