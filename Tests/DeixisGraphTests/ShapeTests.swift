import DeixisGraph
import Testing

/// The door: what is a shape, what is none, and why.
@Suite struct ShapeTests {
    private static let most = Shape.most

    private func refusal(_ extents: [Int], _ element: ElementType = .float32, _ limits: Limits = Limits()) -> String? {
        do throws(ShapeError) {
            _ = try Shape(extents, of: element, limits: limits)
            return nil
        } catch { return error.message.text }
    }

    @Test func whatIsAShape() throws {
        #expect(try Shape([], of: .float32).count == 1)
        #expect(try Shape([2, 3, 4], of: .int8).count == 24)
        #expect(try Shape([2, 0, 1 << 30], of: .int8).count == 0)
        #expect(refusal([Self.most], .uint8) == nil)
    }

    @Test(arguments: [
        ([2, -1], "has the extent -1"),
        ([Int.min], "has the extent \(Int.min)"),
        ([1 << 30, 1 << 30], "has 1152921504606846976 elements, more than the limit of 1099511627776"),
        ([1 << 40, 2], "has 2199023255552 elements, more than the limit of 1099511627776"),
        ([Int.max, Int.max], "has too many elements to count, more than the limit of 1099511627776"),
        // A 0 beside them does not make large extents small: their products are taken too.
        ([0, 1 << 62, 4], "has too many elements to count, more than the limit of 1099511627776"),
        ([1 << 40], "has 4398046511104 bytes, more than the limit of 1099511627776"),
        (Array(repeating: 1, count: 65), "has 65 axes, more than the limit of 64"),
    ])
    func whatIsNone(_ extents: [Int], _ message: String) {
        #expect(refusal(extents) == message)
    }

    @Test func limitsAreOptions() {
        var limits = Limits()
        (limits.rank, limits.elements, limits.bytes) = (2, 100, 200)
        #expect(refusal([10, 5], .float32, limits) == nil)
        #expect(refusal([1, 1, 1], .float32, limits) == "has 3 axes, more than the limit of 2")
        #expect(refusal([101], .int8, limits) == "has 101 elements, more than the limit of 100")
        #expect(refusal([60], .float32, limits) == "has 240 bytes, more than the limit of 200")
        // Limits may be lower than what arithmetic stays clear of, not higher.
        limits = Limits()
        (limits.elements, limits.bytes) = (Int.max, Int.max)
        #expect(
            refusal([Self.most, 2], .int8, limits) == "has 2199023255552 elements, more than the limit of 1099511627776"
        )
    }

    @Test func arithmeticStaysAtTheEnds() {
        #expect(Int.max.addingClamped(1) == .max && Int.min.addingClamped(-1) == .min && 2.addingClamped(-5) == -3)
        #expect((1 << 40).multipliedClamped(by: 1 << 40) == .max && (1 << 40).multipliedClamped(by: -1 << 40) == .min)
        #expect((-1 << 40).multipliedClamped(by: -1 << 40) == .max && (-3).multipliedClamped(by: 4) == -12)
        #expect(
            [1 << 40, 1 << 40, 0].productClamped() == 0 && [].productClamped() == 1
                && [1 << 40, 1 << 40].productClamped() == .max)
    }

    @Test(
        arguments: [
            (0.0, 0), (-2.9, -2), (0x1p62, 1 << 62), (0x1p63, Int.max), (-0x1p63, Int.min), (1e300, Int.max),
            (.infinity, Int.max), (-.infinity, Int.min),
            (.nan, 0),
        ] as [(Double, Int)])
    func numbersBecomeIntegers(_ number: Double, _ integer: Int) {
        #expect(Int(clamping: number) == integer)
    }
}
