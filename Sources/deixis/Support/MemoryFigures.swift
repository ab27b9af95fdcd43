import CDeixisSystem
import DeixisCommand

/// Bytes of this process. Without /proc the system tells only the peak; the others are then 0.
func readMemory(_ memory: inout deixis_memory) {
    _ = deixis_read_memory(&memory)
    if memory.peak_resident == 0 { memory.peak_resident = UInt64(Program.peakResidentBytes) }
}

/// A figure for people; 0 is one that the system does not tell.
func told(_ figure: UInt64) -> String { figure == 0 ? "not told" : bytes(Int(figure)) }

/// The same in JSON.
func told(_ figure: UInt64) -> JSON { figure == 0 ? .null : .integer(Int(figure)) }
