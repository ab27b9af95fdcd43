import DeixisRuntime

extension ProfileReport {
    /// One run in the Trace Event Format that chrome://tracing and ui.perfetto.dev open: a track of steps, a track for
    /// each thread.
    var traceJSON: JSON {
        var events: [JSON] = [
            .object([
                ("name", .string("process_name")), ("ph", .string("M")), ("pid", .integer(1)),
                ("args", .object([("name", .string("deixis \(path)"))])),
            ])
        ]
        for track in 0...threads {
            let name = track == 0 ? "steps" : "thread \(track)"
            events.append(
                .object([
                    ("name", .string("thread_name")), ("ph", .string("M")), ("pid", .integer(1)),
                    ("tid", .integer(track)),
                    ("args", .object([("name", .string(name))])),
                ]))
            events.append(
                .object([
                    ("name", .string("thread_sort_index")), ("ph", .string("M")), ("pid", .integer(1)),
                    ("tid", .integer(track)),
                    ("args", .object([("sort_index", .integer(track))])),
                ]))
        }
        for span in trace.steps { events.append(event(span, track: 0, whole: true)) }
        for span in trace.tasks { events.append(event(span, track: span.worker + 1, whole: false)) }
        return .object([("traceEvents", .array(events)), ("displayTimeUnit", .string("ms"))])
    }

    private func event(_ span: SessionTrace.Span, track: Int, whole: Bool) -> JSON {
        let step = steps[span.step]
        var arguments: [(String, JSON)] = [("step", .integer(span.step)), ("kernel", .string(step.kernel))]
        if whole {
            arguments += [
                ("output", .string(step.label)), ("macs", .integer(step.macs)), ("bytes", .integer(step.bytes)),
            ]
        }
        return .object([
            ("name", .string(whole ? step.label : step.op)), ("cat", .string(step.op)), ("ph", .string("X")),
            ("pid", .integer(1)),
            ("tid", .integer(track)), ("ts", .number(Double(span.start) / 1e3)),
            ("dur", .number(Double(span.end - span.start) / 1e3)),
            ("args", .object(arguments)),
        ])
    }
}
