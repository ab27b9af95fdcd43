#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

func cosine(_ x: Double) -> Double { cos(x) }
