import CDeixisSystem

/// Runs `body` in the floating-point mode that results are defined in, whatever the host has set: rounding to nearest,
/// and no exception that ends the process. Whether subnormal numbers are taken as zero stays the host's choice.
@inline(__always)
package func roundingToNearest<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    let before = deixis_float_mode()
    deixis_set_float_mode(deixis_nearest_float_mode(before))
    defer { deixis_set_float_mode(before) }
    return try body()
}
