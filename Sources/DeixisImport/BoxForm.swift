public import DeixisInput

/// How four numbers say a box.
public enum BoxForm: String, Sendable, CaseIterable {
    /// Top left corner, width and height.
    case xywh
    /// Two corners.
    case xyxy

    public func box(_ numbers: [Double]) -> PixelBox {
        switch self {
        case .xywh: PixelBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
        case .xyxy:
            PixelBox(x: numbers[0], y: numbers[1], width: numbers[2] - numbers[0], height: numbers[3] - numbers[1])
        }
    }

    public var other: BoxForm { self == .xywh ? .xyxy : .xywh }

    /// The numbers of `box` in this form.
    func numbers(_ box: PixelBox) -> [Double] {
        switch self {
        case .xywh: [box.x, box.y, box.width, box.height]
        case .xyxy: [box.x, box.y, box.right, box.bottom]
        }
    }
}

/// Notices boxes that were read in the wrong form: most do not fit their pictures, and all would in the other.
struct BoxFormCheck {
    let form: BoxForm
    private(set) var count = 0
    private(set) var misfits = 0
    private var othersFit = true

    init(_ form: BoxForm) { self.form = form }

    mutating func add(_ box: PixelBox, in size: (width: Int, height: Int)) {
        count += 1
        if Self.fits(box, size) { return }
        misfits += 1
        othersFit = othersFit && Self.fits(form.other.box(form.numbers(box)), size)
    }

    private static func fits(_ box: PixelBox, _ size: (width: Int, height: Int)) -> Bool {
        box.width > 0 && box.height > 0 && box.x >= -1 && box.y >= -1 && box.right <= Double(size.width) + 1
            && box.bottom <= Double(size.height) + 1
    }

    /// A box in twenty is more than rounding or a few bad labels.
    var isWrong: Bool { misfits > 0 && misfits * 20 >= count && othersFit }
}
