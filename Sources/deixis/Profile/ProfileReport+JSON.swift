import CDeixisSystem

extension ProfileReport {
    var json: JSON {
        let percentiles = Percentiles(times)
        return .object([
            ("format", .string(ProfileRecord.format)), ("version", .integer(ProfileRecord.version)),
            ("model", .string(path)), ("fingerprint", .string(fingerprint)),
            ("threads", .integer(threads)), ("instruction_set", .string(instructionSet)),
            ("runs", .integer(times.count)),
            ("load_ms", .number(loadMilliseconds)), ("first_ms", .number(firstMilliseconds)),
            ("min_ms", .number(percentiles.minimum)), ("p50_ms", .number(percentiles(50))),
            ("p90_ms", .number(percentiles(90))), ("p99_ms", .number(percentiles(99))),
            ("mean_ms", .number(percentiles.mean)), ("max_ms", .number(percentiles.maximum)),
            ("histogram", Histogram(times).json),
            (
                "phases",
                .array(phases.map { .object([("phase", .string($0.name)), ("ms", .number($0.milliseconds))]) })
            ),
            ("macs", .integer(macs(int8: false) + macs(int8: true))),
            ("macs_fp32", .integer(macs(int8: false))), ("macs_int8", .integer(macs(int8: true))),
            ("peaks", peaks.map(json) ?? .null),
            ("share_of_peak", peakShare.map { .number($0) } ?? .null),
            ("dimensions", .object(dimensions.map { ($0.name, .integer($0.extent)) })),
            ("memory", memoryJSON), ("callers", callers.map(json) ?? .null),
            (
                "energy",
                energy.map { .object([("joules_per_run", .number($0.joulesPerRun)), ("watts", .number($0.watts))]) }
                    ?? .null
            ),
            (
                "temperature_c",
                temperatures.map { .object([("before", .number($0.before)), ("after", .number($0.after))]) } ?? .null
            ),
            ("operators", .array(operators.map { json("operator", $0) })),
            ("steps", .array(steps.map { json("step", $0) })),
        ])
    }

    private func json(_ peaks: Peaks) -> JSON {
        .object([
            ("fp32_gmac_per_s", .number(peaks.float / 1e9)), ("fp32_instructions", .string(peaks.floatName)),
            ("int8_gmac_per_s", .number(peaks.int8 / 1e9)), ("int8_instructions", .string(peaks.int8Name)),
            ("memory_gb_per_s", .number(peaks.memory / 1e9)), ("cache_gb_per_s", .number(peaks.cache / 1e9)),
            ("l1_bytes", .integer(peaks.l1)), ("l2_bytes", .integer(peaks.l2)),
        ])
    }

    private func json(_ callers: Callers) -> JSON {
        func rates(_ part: KeyPath<Callers.Round, Double>) -> JSON {
            .array(callers.rounds.map { .number($0[keyPath: part]) })
        }
        return .object([
            ("count", .integer(callers.count)),
            ("answers_per_s_alone", rates(\.alone)), ("answers_per_s_shared", rates(\.shared)),
            ("answers_per_s_own", rates(\.own)),
            ("ratio_shared", .number(callers.sharedRatios(50))), ("ratio_own", .number(callers.ownRatios(50))),
            ("bytes_each", .integer(callers.bytesEach)),
        ])
    }

    private var memoryJSON: JSON {
        .object([
            ("arena_bytes", .integer(arenaBytes)), ("scratch_bytes", .integer(scratchBytes)),
            ("packed_bytes", .integer(packedBytes)),
            ("anonymous_bytes", told(memory.anonymous)), ("proportional_bytes", told(memory.proportional)),
            ("resident_bytes", told(memory.resident)), ("peak_resident_bytes", told(memory.peak_resident)),
        ])
    }

    private func json(_ key: String, _ row: Row) -> JSON {
        let roofline = row.roofline(peaks)
        return .object([
            (key, .string(row.label)), ("op", .string(row.op)), ("kernel", .string(row.kernel)),
            ("type", .string(row.isInt8 ? "int8" : "fp32")), ("count", .integer(row.count)),
            ("ms", .number(row.milliseconds)),
            ("share", .number(share(row))), ("macs", .integer(row.macs)), ("gmac_per_s", .number(row.gigaMACs)),
            ("bytes", .integer(row.bytes)), ("gb_per_s", .number(row.gigaBytes)),
            ("share_of_peak", (roofline?.peakShare).map { .number($0) } ?? .null),
            ("limit", (roofline?.side.rawValue).map { .string($0) } ?? .null),
            ("share_of_limit", (roofline?.roofShare).map { .number($0) } ?? .null),
        ])
    }
}
