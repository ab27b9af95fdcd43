public import CDeixis
import DeixisInput
import DeixisONNX
import DeixisModel
import DeixisRuntime
import Synchronization

/// What a `deixis_model *` points to.
private final class Handle {
    let model: GroundingModel
    /// Milliseconds for one call; nil: no end.
    let deadline: Double?
    let busy = Atomic(false)
    init(_ model: GroundingModel, deadline: Double?) {
        self.model = model
        self.deadline = deadline
    }

    /// - Parameter pointer: came from `deixis_load` and was not freed.
    static func from(_ pointer: OpaquePointer) -> Handle {
        Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }
}

@c @implementation
public func deixis_load(
    _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<deixis_options>?, _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> deixis_status {
    model?.pointee = nil
    guard let path else { return fail(DEIXIS_INVALID_ARGUMENT, "deixis_load: path is null") }
    guard let model else { return fail(DEIXIS_INVALID_ARGUMENT, "deixis_load: model is null") }
    var session = SessionOptions()
    var deadline: Double?
    if let options {
        guard options.pointee.size == MemoryLayout<deixis_options>.size else {
            return fail(DEIXIS_INVALID_ARGUMENT, "deixis_load: options.size is \(options.pointee.size), expected \(MemoryLayout<deixis_options>.size)")
        }
        guard options.pointee.threads >= 0 else {
            return fail(DEIXIS_INVALID_ARGUMENT, "deixis_load: options.threads is \(options.pointee.threads), expected 0 or more")
        }
        session.threads = Int(options.pointee.threads)
        guard options.pointee.deadline_ms >= 0 else {
            return fail(DEIXIS_INVALID_ARGUMENT, "deixis_load: options.deadline_ms is \(options.pointee.deadline_ms), expected 0 or more")
        }
        if options.pointee.deadline_ms > 0 { deadline = Double(options.pointee.deadline_ms) }
    }
    do throws(ModelError) {
        let handle = Handle(try GroundingModel(path: text(path), options: session), deadline: deadline)
        model.pointee = OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
        return DEIXIS_OK
    } catch {
        return fail(status(error), error.description)
    }
}

@c @implementation
public func deixis_ground(
    _ model: OpaquePointer?, _ image: UnsafePointer<deixis_image>?, _ sentence: UnsafePointer<CChar>?,
    _ result: UnsafeMutablePointer<deixis_grounding>?
) -> deixis_status {
    guard let model else { return fail(DEIXIS_INVALID_ARGUMENT, "deixis_ground: model is null") }
    guard let image = image?.pointee, let rgb = image.rgb else { return fail(DEIXIS_INVALID_ARGUMENT, "deixis_ground: image is null") }
    guard let sentence else { return fail(DEIXIS_INVALID_ARGUMENT, "deixis_ground: sentence is null") }
    guard let result else { return fail(DEIXIS_INVALID_ARGUMENT, "deixis_ground: result is null") }
    guard result.pointee.size == MemoryLayout<deixis_grounding>.size else {
        return fail(DEIXIS_INVALID_ARGUMENT, "deixis_ground: result.size is \(result.pointee.size), expected \(MemoryLayout<deixis_grounding>.size)")
    }
    let width = Int(image.width), height = Int(image.height)
    guard width > 0, height > 0 else {
        return fail(DEIXIS_INVALID_ARGUMENT, "deixis_ground: the image is \(width) x \(height), expected at least 1 x 1")
    }
    let stride = image.stride == 0 ? width * 3 : image.stride
    let (before, overflow) = stride.multipliedReportingOverflow(by: height - 1)
    guard stride >= width * 3, !overflow, before < Int.max - width * 3 else {
        return fail(DEIXIS_INVALID_ARGUMENT, "deixis_ground: image.stride is \(image.stride), expected 0 or at least \(width * 3)")
    }
    let handle = Handle.from(model)
    guard handle.busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
        return fail(DEIXIS_BUSY, "deixis_ground: another thread is using this model; load it once per thread, or take turns")
    }
    defer { handle.busy.store(false, ordering: .releasing) }
    do throws(ModelError) {
        let pixels = UnsafeBufferPointer(start: rgb, count: before + width * 3)
        let found = try handle.model.ground(pixels: pixels, width: width, height: height, stride: stride, sentence: utf8(sentence), deadline: handle.deadline)
        result.pointee.x = found.box.x
        result.pointee.y = found.box.y
        result.pointee.width = found.box.width
        result.pointee.height = found.box.height
        result.pointee.center_x = found.normalizedBox.centerX
        result.pointee.center_y = found.normalizedBox.centerY
        result.pointee.box_width = found.normalizedBox.width
        result.pointee.box_height = found.normalizedBox.height
        result.pointee.tokens = Int32(clamping: found.tokenCount)
        result.pointee.tokens_dropped = Int32(clamping: found.droppedTokenCount)
        result.pointee.input_ms = found.inputMilliseconds
        result.pointee.network_ms = found.networkMilliseconds
        return DEIXIS_OK
    } catch {
        return fail(status(error), error.description)
    }
}

@c @implementation
public func deixis_free(_ model: OpaquePointer?) {
    guard let model else { return }
    Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(model)).release()
}

// MARK: -

private func fail(_ status: deixis_status, _ message: String) -> deixis_status {
    let bytes = Array(message.utf8)
    bytes.withUnsafeBytes { deixis_set_last_error($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
    return status
}

private func status(_ error: ModelError) -> deixis_status {
    switch error {
    case .runtime(_, .file(.cannotOpen(_, _))): DEIXIS_CANNOT_READ
    case .runtime(_, .timeout): DEIXIS_TIMEOUT
    case .runtime: DEIXIS_INVALID_MODEL
    case .metadata, .interface: DEIXIS_NOT_A_GROUNDING_MODEL
    case .image: DEIXIS_INVALID_ARGUMENT
    case .emptySentence: DEIXIS_EMPTY_SENTENCE
    case .notFinite: DEIXIS_NOT_FINITE
    }
}

private func utf8(_ pointer: UnsafePointer<CChar>) -> [UInt8] {
    var bytes: [UInt8] = []
    var at = pointer
    while at.pointee != 0 {
        bytes.append(UInt8(bitPattern: at.pointee))
        at += 1
    }
    return bytes
}

private func text(_ pointer: UnsafePointer<CChar>) -> String { String(decoding: utf8(pointer), as: UTF8.self) }
