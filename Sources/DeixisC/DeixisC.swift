public import CDeixis
import CDeixisSystem
import DeixisGraph
import DeixisInput
import DeixisONNX
import DeixisModel
import DeixisRuntime

/// What a `deixis_model *` points to.
private final class Handle: Sendable {
    let model: GroundingModel
    /// Milliseconds for one call; nil: no end.
    let deadline: Double?
    init(_ model: GroundingModel, deadline: Double?) {
        self.model = model
        self.deadline = deadline
    }

    /// - Parameter pointer: came from `deixis_load` and was not freed.
    static func from(_ pointer: OpaquePointer) -> Handle {
        Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }
}

/// Every call begins here. Whatever the host has set, answers round to nearest and nothing traps. Returns what to set
/// again.
@inline(never)
private func beginNearest() -> UInt64 {
    deixis_forget_shortage()
    let mode = deixis_float_mode()
    deixis_set_float_mode(deixis_nearest_float_mode(mode))
    return mode
}

@c @implementation
public func deixis_load(
    _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<deixis_options>?,
    _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> deixis_status {
    let mode = beginNearest()
    defer { deixis_set_float_mode(mode) }
    model?.pointee = nil
    guard let path else { return fail(DEIXIS_INVALID_ARGUMENT, "deixis_load: path is null") }
    guard let model else { return fail(DEIXIS_INVALID_ARGUMENT, "deixis_load: model is null") }
    var session = SessionOptions()
    var deadline: Double?
    if let options {
        guard options.pointee.size == MemoryLayout<deixis_options>.size else {
            return fail(
                DEIXIS_INVALID_ARGUMENT,
                "deixis_load: options.size is \(options.pointee.size), expected \(MemoryLayout<deixis_options>.size)")
        }
        guard options.pointee.threads >= 0 else {
            return fail(
                DEIXIS_INVALID_ARGUMENT,
                "deixis_load: options.threads is \(options.pointee.threads), expected 0 or more")
        }
        session.threads = Int(options.pointee.threads)
        guard options.pointee.deadline_ms >= 0 else {
            return fail(
                DEIXIS_INVALID_ARGUMENT,
                "deixis_load: options.deadline_ms is \(options.pointee.deadline_ms), expected 0 or more")
        }
        if options.pointee.deadline_ms > 0 { deadline = Double(options.pointee.deadline_ms) }
    }
    do throws(ModelError) {
        let handle = Handle(try GroundingModel(path: text(path), options: session), deadline: deadline)
        // What lives on takes nothing of the reserve with it.
        if deixis_memory_is_short() { return fail(DEIXIS_OUT_OF_MEMORY, "out of memory") }
        model.pointee = OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
        return DEIXIS_OK
    } catch {
        return fail(status(error), Message(error.description))
    }
}

@c @implementation
public func deixis_ground(
    _ model: OpaquePointer?, _ image: UnsafePointer<deixis_image>?, _ sentence: UnsafePointer<CChar>?,
    _ result: UnsafeMutablePointer<deixis_grounding>?
) -> deixis_status {
    let mode = beginNearest()
    defer { deixis_set_float_mode(mode) }
    let call: StaticString = "deixis_ground"
    guard let model else { return fail(DEIXIS_INVALID_ARGUMENT, "\(call): model is null") }
    let pixels: Pixels
    do throws(BadArgument) { pixels = try Pixels(image, call) } catch {
        return fail(DEIXIS_INVALID_ARGUMENT, error.message)
    }
    guard let sentence else { return fail(DEIXIS_INVALID_ARGUMENT, "\(call): sentence is null") }
    if let bad = check(result, call) { return bad }
    let handle = Handle.from(model)
    do throws(ModelError) {
        let found = try handle.model.ground(
            pixels: pixels.bytes, width: pixels.width, height: pixels.height, stride: pixels.stride,
            sentence: utf8(sentence),
            deadline: handle.deadline)
        return write(found, to: result)
    } catch {
        return fail(status(error), Message(error.description))
    }
}

// MARK: Scenes

/// What a `deixis_scene *` points to.
private final class SceneHandle: Sendable {
    let handle: Handle
    let scene: Scene
    init(_ handle: Handle, _ scene: Scene) {
        self.handle = handle
        self.scene = scene
    }
}

@c @implementation
public func deixis_scene_create(
    _ model: OpaquePointer?, _ image: UnsafePointer<deixis_image>?, _ scene: UnsafeMutablePointer<OpaquePointer?>?
) -> deixis_status {
    let mode = beginNearest()
    defer { deixis_set_float_mode(mode) }
    let call: StaticString = "deixis_scene_create"
    scene?.pointee = nil
    guard let model else { return fail(DEIXIS_INVALID_ARGUMENT, "\(call): model is null") }
    let pixels: Pixels
    do throws(BadArgument) { pixels = try Pixels(image, call) } catch {
        return fail(DEIXIS_INVALID_ARGUMENT, error.message)
    }
    guard let scene else { return fail(DEIXIS_INVALID_ARGUMENT, "\(call): scene is null") }
    let handle = Handle.from(model)
    do throws(ModelError) {
        let made = try handle.model.scene(
            pixels: pixels.bytes, width: pixels.width, height: pixels.height, stride: pixels.stride,
            deadline: handle.deadline)
        if deixis_memory_is_short() { return fail(DEIXIS_OUT_OF_MEMORY, "out of memory") }
        scene.pointee = OpaquePointer(Unmanaged.passRetained(SceneHandle(handle, made)).toOpaque())
        return DEIXIS_OK
    } catch {
        return fail(status(error), Message(error.description))
    }
}

@c @implementation
public func deixis_scene_ground(
    _ scene: OpaquePointer?, _ sentence: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<deixis_grounding>?
) -> deixis_status {
    let mode = beginNearest()
    defer { deixis_set_float_mode(mode) }
    let call: StaticString = "deixis_scene_ground"
    guard let scene else { return fail(DEIXIS_INVALID_ARGUMENT, "\(call): scene is null") }
    guard let sentence else { return fail(DEIXIS_INVALID_ARGUMENT, "\(call): sentence is null") }
    if let bad = check(result, call) { return bad }
    let asked = Unmanaged<SceneHandle>.fromOpaque(UnsafeRawPointer(scene)).takeUnretainedValue()
    do throws(ModelError) {
        return write(try asked.scene.ground(utf8: utf8(sentence), deadline: asked.handle.deadline), to: result)
    } catch {
        return fail(status(error), Message(error.description))
    }
}

@c @implementation
public func deixis_scene_free(_ scene: OpaquePointer?) {
    guard let scene else { return }
    Unmanaged<SceneHandle>.fromOpaque(UnsafeRawPointer(scene)).release()
}

@c @implementation
public func deixis_free(_ model: OpaquePointer?) {
    guard let model else { return }
    Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(model)).release()
}

// MARK: -

private struct BadArgument: Error {
    let message: Message
}

/// A caller's picture, checked.
private struct Pixels {
    let bytes: UnsafeBufferPointer<UInt8>
    let width: Int, height: Int, stride: Int

    init(_ image: UnsafePointer<deixis_image>?, _ call: StaticString) throws(BadArgument) {
        guard let image = image?.pointee, let rgb = image.rgb else {
            throw BadArgument(message: "\(call): image is null")
        }
        width = Int(image.width)
        height = Int(image.height)
        guard width > 0, height > 0 else {
            throw BadArgument(message: "\(call): the image is \(width) x \(height), expected at least 1 x 1")
        }
        stride = image.stride == 0 ? width * 3 : image.stride
        let (before, overflow) = stride.multipliedReportingOverflow(by: height - 1)
        guard stride >= width * 3, !overflow, before < Int.max - width * 3 else {
            throw BadArgument(
                message:
                    "\(call): image.stride is \(UInt(bitPattern: image.stride)), expected 0 or at least \(width * 3)")
        }
        bytes = UnsafeBufferPointer(start: rgb, count: before + width * 3)
    }
}

private func check(_ result: UnsafeMutablePointer<deixis_grounding>?, _ call: StaticString) -> deixis_status? {
    guard let result else { return fail(DEIXIS_INVALID_ARGUMENT, "\(call): result is null") }
    if result.pointee.size == MemoryLayout<deixis_grounding>.size
        || result.pointee.size == Int(DEIXIS_GROUNDING_FIRST_SIZE)
    {
        return nil
    }
    return fail(
        DEIXIS_INVALID_ARGUMENT,
        "\(call): result.size is \(result.pointee.size), expected \(MemoryLayout<deixis_grounding>.size)")
}

private func write(_ found: Grounding, to result: UnsafeMutablePointer<deixis_grounding>?) -> deixis_status {
    guard let result else { return DEIXIS_INVALID_ARGUMENT }
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
    // The caller's structure may end before this field.
    if result.pointee.size > Int(DEIXIS_GROUNDING_FIRST_SIZE) {
        result.pointee.tokens_unknown = Int32(clamping: found.unknownTokenCount)
        result.pointee.score = found.score ?? -1
    }
    return DEIXIS_OK
}

private func fail(_ status: deixis_status, _ message: Message) -> deixis_status {
    let bytes = Array(message.text.utf8)
    bytes.withUnsafeBytes { deixis_set_last_error($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
    return status
}

private func status(_ error: ModelError) -> deixis_status {
    switch error {
    case .runtime(_, .file(.cannotOpen(_, _))): DEIXIS_CANNOT_READ
    case .runtime(_, .timeout): DEIXIS_TIMEOUT
    case .runtime(_, .outOfMemory): DEIXIS_OUT_OF_MEMORY
    case .runtime(_, .threads(_, let code)) where deixis_error_is_shortage(code): DEIXIS_OUT_OF_MEMORY
    case .runtime(_, .threads): DEIXIS_INVALID_ARGUMENT
    case .runtime: DEIXIS_INVALID_MODEL
    case .metadata, .interface: DEIXIS_NOT_A_GROUNDING_MODEL
    case .image, .sentenceTooLong: DEIXIS_INVALID_ARGUMENT
    case .emptySentence: DEIXIS_EMPTY_SENTENCE
    case .notFinite: DEIXIS_NOT_FINITE
    }
}

/// The bytes up to the final NUL, cut one byte after the longest sentence. What is cut is refused later: as a sentence
/// by the model, as a path by the system, whose paths are shorter.
private func utf8(_ pointer: UnsafePointer<CChar>) -> [UInt8] {
    var bytes: [UInt8] = []
    var at = pointer
    while at.pointee != 0, bytes.count <= Tokenizer.longestSentence {
        bytes.append(UInt8(bitPattern: at.pointee))
        at += 1
    }
    return bytes
}

private func text(_ pointer: UnsafePointer<CChar>) -> String { String(decoding: utf8(pointer), as: UTF8.self) }
