import CDeixisTensor
@testable import DeixisTraining
import Testing

/// Every instruction set this machine has, against plain loops.
@Suite struct KernelTests {
    static let sets: [Int] = (0...Int(dxt_best_isa().rawValue)).map { $0 }

    private func numbers(_ count: Int, seed: UInt64 = 3) -> [Float] {
        let tensor = Tensor<Float>(uninitialized: [count])
        Initializer.normal(deviation: 1).fill(tensor, seed: seed)
        return tensor.values
    }

    private func table(_ set: Int) -> UnsafePointer<dxt_kernels> { dxt_kernel_table(false, dxt_isa(UInt32(set))) }

    @Test(arguments: sets) func products(_ set: Int) {
        for (m, n, k) in [
            (1, 1, 1), (5, 7, 3), (13, 33, 20), (40, 64, 300), (12, 1030, 9), (17, 24, 16), (70, 48, 31), (3, 40, 600),
            (130, 192, 257), (9, 20, 0),
        ] {
            let a = numbers(m * k), b = numbers(k * n, seed: 4)
            for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
                var c = [Float](repeating: 1, count: m * n + 1)
                table(set).pointee.gemm(m, n, k, 2, a, ta ? 1 : k, ta ? m : 1, b, tb ? 1 : n, tb ? k : 1, 0.5, &c, n)
                #expect(c[m * n] == 1, "wrote beyond the end")
                for i in 0..<m {
                    for j in 0..<n {
                        var sum = 0.25
                        for p in 0..<k {
                            sum += Double(a[ta ? p * m + i : i * k + p]) * Double(b[tb ? j * k + p : p * n + j])
                        }
                        guard abs(Double(c[i * n + j]) - 2 * sum) < 1e-4 * Double(k).squareRoot() + 1e-5 else {
                            Issue.record(
                                "\(m)x\(n)x\(k) \(ta) \(tb) at \(i),\(j): \(c[i * n + j]), expected \(2 * sum)")
                            return
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: sets) func functions(_ set: Int) {
        let x = numbers(1003).map { $0 * 4 } + [0, -100, 100, -1e30, 1e30]
        let wide = dxt_kernel_table(true, dxt_isa_baseline)
        let xd = x.map { Double($0) }
        var y = x, yd = xd
        table(set).pointee.gelu(&y, x, x.count)
        wide.pointee.gelu(&yd, xd, x.count)
        for i in x.indices { #expect(abs(Double(y[i]) - yd[i]) <= 2e-6 * max(1, abs(yd[i])), "gelu(\(x[i]))") }
        table(set).pointee.sigmoid(&y, x, x.count)
        wide.pointee.sigmoid(&yd, xd, x.count)
        for i in x.indices { #expect(abs(Double(y[i]) - yd[i]) <= 1e-6, "sigmoid(\(x[i]))") }
    }

    /// Against the formula, by the rounding of the standard library: ties to even, held to 0...255, NaN stays.
    @Test(arguments: sets) func fakeQuantization(_ set: Int) {
        let scale: Float = 0.25, zero: Float = 10
        let x = numbers(1003).map { $0 * 20 } + [0, 0.125, 0.375, -0.125, -2.5, -2.75, 61.25, 61.375, 61.5, -1e9, 1e9]
        var y = x
        table(set).pointee.fake_quantize(&y, x, Double(scale), Int32(zero), x.count)
        for i in x.indices {
            let q = min(255, max(0, (x[i] / scale).rounded(.toNearestOrEven) + zero))
            #expect(y[i] == scale * (q - zero), "\(x[i])")
        }
        #expect(Set(y).count > 100 && y.min() == -2.5 && y.max() == 61.25)
        var nan: [Float] = [.nan]
        table(set).pointee.fake_quantize(&nan, [Float.nan], Double(scale), Int32(zero), 1)
        #expect(nan[0].isNaN)
        var passed = x
        table(set).pointee.pass_between(&passed, [Float](repeating: 3, count: x.count), x, -2.625, 61.375, x.count)
        for i in x.indices { #expect(passed[i] == (x[i] >= -2.625 && x[i] <= 61.375 ? 3 : 0), "\(x[i])") }
        // Rows of their own step; a row of zeros stays.
        var w: [Float] = [1.27, -0.004, 0.006, 254, -100.9, 3, 0, 0, 0]
        table(set).pointee.fake_quantize_rows(&w, 3, 3)
        #expect(zip(w, [1.27, 0, 0.01, 254, -100, 4, 0, 0, 0]).allSatisfy { abs($0 - $1) < 1e-4 }, "\(w)")
    }

    /// The same elements are dropped by every instruction set, about as many as asked for, and others under another
    /// seed.
    @Test(arguments: sets) func dropout(_ set: Int) {
        let ones = [Float](repeating: 1, count: 100_003)
        var a = ones, b = ones, c = ones
        table(0).pointee.dropout(&a, ones, ones.count, 0.25, 7, 0)
        table(set).pointee.dropout(&b, ones, ones.count, 0.25, 7, 0)
        table(set).pointee.dropout(&c, ones, ones.count, 0.25, 8, 0)
        #expect(a == b)
        #expect(b != c)
        let kept = Double(b.count { $0 != 0 }) / Double(b.count)
        #expect(abs(kept - 0.75) < 0.01)
        #expect(Set(b) == [0, Float(1 / 0.75)])
        // Any split of the range gives the same elements.
        var d = ones
        d.withUnsafeMutableBufferPointer { d in
            guard let base = d.baseAddress else { return }
            ones.withUnsafeBufferPointer { ones in
                guard let source = ones.baseAddress else { return }
                for begin in stride(from: 0, to: d.count, by: 1237) {
                    table(set).pointee.dropout(
                        base + begin, source + begin, min(1237, d.count - begin), 0.25, 7, UInt64(begin))
                }
            }
        }
        #expect(d == b)
    }

    @Test(arguments: sets) func layerNormAndAttention(_ set: Int) {
        let (rows, columns) = (7, 45)
        let x = numbers(rows * columns), gamma = numbers(columns, seed: 5), beta = numbers(columns, seed: 6)
        var y = x, mean = [Float](repeating: 0, count: rows), rstd = mean
        table(set).pointee.layer_norm(&y, nil, &mean, &rstd, x, nil, gamma, beta, 1e-5, rows, columns, 0, 0, 0)
        for r in 0..<rows {
            let row = x[r * columns..<(r + 1) * columns].map { Double($0) }
            let m = row.reduce(0, +) / Double(columns), v = row.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(columns)
            for c in 0..<columns {
                let expected = (row[c] - m) / (v + 1e-5).squareRoot() * Double(gamma[c]) + Double(beta[c])
                #expect(abs(Double(y[r * columns + c]) - expected) < 1e-5)
            }
        }
        let (queries, keys, depth) = (9, 21, 10)
        let q = numbers(queries * depth), k = numbers(keys * depth, seed: 8), v = numbers(keys * depth, seed: 9)
        let mask = (0..<keys).map { Float($0 % 4 == 3 ? -1e9 : 0) }
        var p = [Float](repeating: 0, count: queries * keys), o = [Float](repeating: 0, count: queries * depth)
        var shape = dxt_attention(
            queries: queries, keys: keys, depth: depth, ldq: depth, ldk: depth, ldv: depth, ldo: depth, scale: 0.3)
        table(set).pointee.attention(&o, &p, q, k, v, mask, &shape)
        for i in 0..<queries {
            let scores = (0..<keys).map { j in
                (0..<depth).reduce(0.0) { $0 + Double(q[i * depth + $1]) * Double(k[j * depth + $1]) } * 0.3
                    + Double(mask[j])
            }
            let weights = scores.map { exponential($0 - (scores.max() ?? 0)) }, sum = weights.reduce(0, +)
            for d in 0..<depth {
                let expected = (0..<keys).reduce(0.0) { $0 + weights[$1] / sum * Double(v[$1 * depth + d]) }
                #expect(abs(Double(o[i * depth + d]) - expected) < 2e-6 * 10)
            }
        }
    }

    /// e^x by halving and squaring, for expectations.
    private func exponential(_ x: Double) -> Double {
        if x < -700 { return 0 }
        let r = x / 1024
        var term = 1.0, sum = 1.0
        for n in 1..<12 {
            term *= r / Double(n)
            sum += term
        }
        return (0..<10).reduce(sum) { value, _ in value * value }
    }

    @Test func openBLASAgrees() throws {
        try Backend.load()
        let (m, n, k) = (150, 170, 90)
        let a = Tensor([m, k], numbers(m * k)), b = Tensor([n, k], numbers(n * k, seed: 4)),
            c = Tensor<Float>(zeros: [m, n])
        multiply(a.pointer, b.pointer, transposedB: true, m: m, n: n, k: k, into: c.pointer)
        var expected = [Float](repeating: 0, count: m * n)
        table(0).pointee.gemm(m, n, k, 1, a.pointer, k, 1, b.pointer, 1, k, 0, &expected, n)
        #expect(zip(c.values, expected).allSatisfy { abs($0 - $1) < 1e-3 })
    }
}
