import Glibc

enum SystemLog {
    static func log(_ x: Double) -> Double { Glibc.log(x) }
}
