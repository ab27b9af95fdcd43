import DeixisFiles
import Glibc

/// What the system tells of energy and temperature. Virtual machines and containers mostly tell nothing.
struct Sensors {
    /// "" for the real one; tests pass a folder.
    let root: String

    init(root: String = "") { self.root = root }

    /// Energy of all processor packages so far, in microjoules, and where each counter begins again; nil where none can
    /// be read.
    struct Energy {
        var counters: [(microjoules: Double, range: Double)]

        /// Joules from `earlier` to now.
        func joules(since earlier: Energy) -> Double {
            zip(counters, earlier.counters).reduce(0) { sum, pair in
                let difference = pair.0.microjoules - pair.1.microjoules
                return sum + (difference >= 0 ? difference : difference + pair.0.range) / 1e6
            }
        }
    }

    func energy() -> Energy? {
        let base = root + "/sys/class/powercap"
        // `intel-rapl:0` is a package (AMD's are called so too), `intel-rapl:0:0` a part of one.
        let packages = Self.entries(base).filter { $0.hasPrefix("intel-rapl:") && $0.filter { $0 == ":" }.count == 1 }
        let counters = packages.compactMap { name -> (microjoules: Double, range: Double)? in
            guard let now = Self.number("\(base)/\(name)/energy_uj") else { return nil }
            return (now, Self.number("\(base)/\(name)/max_energy_range_uj") ?? 0)
        }
        return counters.isEmpty ? nil : Energy(counters: counters)
    }

    /// The hottest processor sensor in degrees Celsius, else the hottest of all.
    func temperature() -> Double? {
        var all: [(name: String, degrees: Double)] = []
        let zones = root + "/sys/class/thermal", monitors = root + "/sys/class/hwmon"
        for zone in Self.entries(zones) where zone.hasPrefix("thermal_zone") {
            guard let value = Self.number("\(zones)/\(zone)/temp") else { continue }
            all.append((Self.text("\(zones)/\(zone)/type") ?? "", value / 1000))
        }
        for monitor in Self.entries(monitors) {
            let name = Self.text("\(monitors)/\(monitor)/name") ?? ""
            for file in Self.entries("\(monitors)/\(monitor)") where file.hasPrefix("temp") && file.hasSuffix("_input")
            {
                if let value = Self.number("\(monitors)/\(monitor)/\(file)") { all.append((name, value / 1000)) }
            }
        }
        let known = ["cpu", "pkg", "core", "k10temp", "zenpower", "soc"]
        let processor = all.filter { sensor in known.contains { sensor.name.lowercased().contains($0) } }
        return (processor.isEmpty ? all : processor).map(\.degrees).filter { $0 > -50 && $0 < 200 }.max()
    }

    private static func entries(_ folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func text(_ path: String) -> String? {
        guard let bytes = try? readFile(path) else { return nil }
        return String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)
    }

    private static func number(_ path: String) -> Double? { text(path).flatMap { Double($0) } }
}
