// Not in the lean library: what looks inside is not what answers.
#if !hasFeature(Embedded)
    public import DeixisGraph

    extension Model {
        /// Values inside of a graph that were asked for and are not there.
        public enum KeepingError: Error, Equatable, CustomStringConvertible {
            case unknownValue(Name)
            /// A compiled file has plans and no graph that they were made from.
            case compiled

            public var description: String {
                switch self {
                case .unknownValue(let name): "the graph has no value '\(name)'"
                case .compiled: "a compiled file has no values inside; give the ONNX file that it was made from"
                }
            }
        }

        /// The same model with more outputs: values inside of its graph, by the names the file gives them, behind the
        /// outputs it has. What would have been computed without such a value is then computed through it, so the model
        /// runs slower and may round otherwise; a model that is not asked pays nothing.
        ///
        /// - Parameter names: also of inputs, constants and outputs, which change nothing.
        public func keeping(_ names: [Name]) throws(KeepingError) -> Model {
            guard compiled == nil else { throw .compiled }
            var more = graph
            for name in names {
                guard let index = graph.values.firstIndex(where: { $0.name == name }) else { throw .unknownValue(name) }
                let id = ValueID(index)
                guard !more.outputs.contains(id), !more.inputs.contains(id), more.constants[id] == nil else { continue }
                // A value that importing left without a maker.
                guard more.nodes.contains(where: { $0.outputs.contains(id) }) else { throw .unknownValue(name) }
                more.outputs.append(id)
            }
            return Model(checked: more)
        }

        /// Names of the values that nodes make, in the order they are made.
        public var valueNames: [Name] { graph.nodes.flatMap { $0.outputs.compactMap { $0.map { graph[$0].name } } } }
    }
#endif
