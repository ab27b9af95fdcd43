import CDeixisProto
import DeixisGraph

/// Graph -> the messages of formats/onnx.proto. `raw_data` points to the constants' bytes, so `graph` must outlive the
/// messages.
struct ONNXMessages {
    let graph: Graph
    let options: ONNXFile.Options
    let arena: MessageArena

    func model() -> UnsafeMutablePointer<Onnx__ModelProto> {
        let model = arena.message(onnx__model_proto__init)
        model.pointee.has_ir_version = 1
        model.pointee.ir_version = ONNXFile.irVersion(opset: graph.opset)
        model.pointee.producer_name = arena.string(graph.producer.isEmpty ? options.producerName : graph.producer)
        model.pointee.producer_version = optional(options.producerVersion)
        model.pointee.doc_string = optional(options.docString)
        let opsets = operatorSets()
        model.pointee.n_opset_import = opsets.count
        model.pointee.opset_import = arena.array(opsets)
        model.pointee.n_metadata_props = graph.metadata.count
        model.pointee.metadata_props = arena.array(graph.metadata.map { entry($0.key, $0.value) })
        model.pointee.graph = graphMessage()
        return model
    }

    private func graphMessage() -> UnsafeMutablePointer<Onnx__GraphProto> {
        let message = arena.message(onnx__graph_proto__init)
        message.pointee.name = arena.string(graph.name)
        message.pointee.doc_string = optional(options.graphDocString)
        message.pointee.n_node = graph.nodes.count
        message.pointee.node = arena.array(graph.nodes.map(node))
        // In the order of the values, so that the same graph always gives the same bytes.
        let constants = graph.constants.sorted { $0.key.index < $1.key.index }
        message.pointee.n_initializer = constants.count
        message.pointee.initializer = arena.array(constants.map { tensor(graph[$0.key].name, $0.value) })
        message.pointee.n_input = graph.inputs.count
        message.pointee.input = arena.array(graph.inputs.map(valueInfo))
        message.pointee.n_output = graph.outputs.count
        message.pointee.output = arena.array(graph.outputs.map(valueInfo))
        if options.valueInfo {
            let between = between()
            message.pointee.n_value_info = between.count
            message.pointee.value_info = arena.array(between.map(valueInfo))
        }
        return message
    }

    /// What nodes make, whose shape is known, and that is not an output.
    private func between() -> [ValueID] {
        let outputs = Set(graph.outputs)
        return graph.nodes.flatMap(\.outputs).compactMap { $0 }
            .filter { !outputs.contains($0) && graph[$0].type?.shape != nil }
    }

    private func node(_ node: Node) -> UnsafeMutablePointer<Onnx__NodeProto>? {
        let message = arena.message(onnx__node_proto__init)
        message.pointee.name = optional(node.name)
        message.pointee.op_type = arena.string(node.op)
        message.pointee.domain = optional(node.domain)
        message.pointee.n_input = node.inputs.count
        message.pointee.input = names(node.inputs)
        message.pointee.n_output = node.outputs.count
        message.pointee.output = names(node.outputs)
        message.pointee.n_attribute = node.attributes.count
        message.pointee.attribute = arena.array(node.attributes.map { attribute($0.name, $0.value) })
        return message
    }

    private func names(_ ids: [ValueID?]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        arena.array(ids.map { arena.string($0.map { graph[$0].name } ?? "") })
    }

    private func attribute(_ name: Name, _ value: Attribute) -> UnsafeMutablePointer<Onnx__AttributeProto>? {
        let message = arena.message(onnx__attribute_proto__init)
        message.pointee.name = arena.string(name)
        message.pointee.has_type = 1
        switch value {
        case .int(let value):
            message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
            message.pointee.has_i = 1
            message.pointee.i = value
        case .float(let value):
            message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
            message.pointee.has_f = 1
            message.pointee.f = value
        case .string(let value):
            message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
            message.pointee.has_s = 1
            message.pointee.s = arena.bytes(value)
        case .tensor(let value):
            message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
            message.pointee.t = tensor("", value)
        case .ints(let values):
            message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
            message.pointee.n_ints = values.count
            message.pointee.ints = arena.array(values)
        case .floats(let values):
            message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
            message.pointee.n_floats = values.count
            message.pointee.floats = arena.array(values)
        case .strings(let values):
            message.pointee.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS
            message.pointee.n_strings = values.count
            message.pointee.strings = arena.array(values.map(arena.bytes))
        case .graph, .reference:
            preconditionFailure("GraphCheck lets no sub-graph through")
        }
        return message
    }

    private func tensor(_ name: Name, _ constant: Constant) -> UnsafeMutablePointer<Onnx__TensorProto>? {
        let message = arena.message(onnx__tensor_proto__init)
        message.pointee.name = optional(name)
        message.pointee.has_data_type = 1
        message.pointee.data_type = constant.type.rawValue
        message.pointee.n_dims = constant.shape.count
        message.pointee.dims = arena.array(constant.shape.map(Int64.init))
        message.pointee.has_raw_data = 1
        let bytes = constant.bytes
        // protobuf-c only reads it when packing.
        let data = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: UInt8.self)
        message.pointee.raw_data = ProtobufCBinaryData(len: bytes.count, data: data)
        return message
    }

    private func valueInfo(_ id: ValueID) -> UnsafeMutablePointer<Onnx__ValueInfoProto>? {
        let message = arena.message(onnx__value_info_proto__init)
        message.pointee.name = arena.string(graph[id].name)
        message.pointee.type = graph[id].type.map(type)
        return message
    }

    private func type(_ type: TensorType) -> UnsafeMutablePointer<Onnx__TypeProto> {
        let tensor = arena.message(onnx__type_proto__tensor__init)
        tensor.pointee.has_elem_type = 1
        tensor.pointee.elem_type = type.element.rawValue
        if let shape = type.shape {
            let shapeMessage = arena.message(onnx__tensor_shape_proto__init)
            shapeMessage.pointee.n_dim = shape.count
            shapeMessage.pointee.dim = arena.array(shape.map(dimension))
            tensor.pointee.shape = shapeMessage
        }
        let message = arena.message(onnx__type_proto__init)
        message.pointee.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
        message.pointee.tensor_type = tensor
        return message
    }

    private func dimension(_ dimension: Dimension) -> UnsafeMutablePointer<Onnx__TensorShapeProto__Dimension>? {
        let message = arena.message(onnx__tensor_shape_proto__dimension__init)
        switch dimension {
        case .fixed(let extent):
            message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
            message.pointee.dim_value = Int64(extent)
        case .symbol(let name):
            message.pointee.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
            message.pointee.dim_param = arena.string(name)
        case .unknown:
            break
        }
        return message
    }

    /// `ai.onnx` at the graph's opset, then version 1 of every other domain that a node names.
    private func operatorSets() -> [UnsafeMutablePointer<Onnx__OperatorSetIdProto>?] {
        var domains: [Name] = [""]
        for node in graph.nodes where !domains.contains(node.domain) { domains.append(node.domain) }
        return domains.map { domain in
            let message = arena.message(onnx__operator_set_id_proto__init)
            message.pointee.domain = arena.string(domain)
            message.pointee.has_version = 1
            message.pointee.version = domain.isEmpty ? Int64(graph.opset) : 1
            return message
        }
    }

    private func entry(_ key: Name, _ value: Name) -> UnsafeMutablePointer<Onnx__StringStringEntryProto>? {
        let message = arena.message(onnx__string_string_entry_proto__init)
        message.pointee.key = arena.string(key)
        message.pointee.value = arena.string(value)
        return message
    }

    private func optional(_ name: Name) -> UnsafeMutablePointer<CChar>? {
        name.isEmpty ? nil : arena.string(name)
    }
}
