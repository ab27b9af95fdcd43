import DeixisInput
import DeixisTraining

/// What one training pass takes in memory beside the network and its optimizer, as measured on this machine.
public struct PassMemory: Sendable, Equatable {
    /// Bytes of a pass over one sample, and what each further sample adds.
    public var first: Int, further: Int

    /// Bytes of a pass over `samples`.
    public func bytes(samples: Int) -> Int { first + (samples - 1) * further }

    /// The most samples, up to `batchSize`, that fit into three quarters of `available` bytes. The rest is for
    /// buffers of other shapes, that sentences of other lengths leave in the pool, for the batches that wait, and for
    /// what else runs. At least 1.
    public func samples(upTo batchSize: Int, available: Int) -> Int {
        let room = available / 4 * 3 - first
        return room < 0 ? 1 : min(batchSize, 1 + room / max(further, 1))
    }
}

extension Trainer {
    /// Measures forward and backward passes over one sample and over two, of the longest sentences, without leaving a
    /// trace in the run.
    ///
    /// Gradients of the weights are in memory afterwards, and no part of what is counted.
    public func measurePass() -> PassMemory {
        _ = passBytes(samples: 1)
        let one = passBytes(samples: 1), two = passBytes(samples: 2)
        network.parameters.clearGradients()
        let side = recipe.configuration.imageSide
        // Besides tensors: the pictures of this micro-batch and of three that are made ahead.
        return PassMemory(first: one + 4 * 3 * side * side, further: max(two - one, 1) + 4 * 3 * side * side)
    }

    func passBytes(samples: Int) -> Int {
        let side = recipe.configuration.imageSide, length = recipe.configuration.language.maximumLength
        let batch = GroundingBatch(
            count: samples, side: side, length: length, images: Array(repeating: 128, count: samples * side * side * 3),
            tokenIDs: Array(repeating: Int64(data.tokenizer.unknownID), count: samples * length),
            mask: Array(repeating: 1, count: samples * length), boxes: Array(repeating: 0.5, count: samples * 4),
            kinds: Array(repeating: "", count: samples))
        return Backend.flushingSubnormals {
            network.parameters.clearGradients()
            BufferPool.trim()
            return BufferPool.measuringPeak {
                let tape = Tape<Float>(.training(seed: 0), recomputes: recipe.recomputes, quantization: quantization)
                tape.backward(
                    loss(network(batch.images, batch.tokens, on: tape), truth: batch.boxes, sigma: network.sigma).total)
            }.bytes
        }
    }

    /// Settles the micro-batch by measured memory: the whole share of this rank, or as much as fits.
    ///
    /// - Parameter available: bytes that may be taken; nil: what the system tells, and the whole share where it tells
    ///   nothing.
    /// - Returns: what was measured; nil where there was nothing to choose.
    @discardableResult
    public func chooseMicroBatch(available: Int? = nil) -> PassMemory? {
        let share = plan.share.count
        guard share > 1 else { return nil }
        let memory = measurePass()
        let room = available ?? Backend.availableMemory ?? Int.max
        setMicroBatch(memory.samples(upTo: share, available: room))
        // As even as the pieces are: no larger than need be.
        setMicroBatch(plan.pieces.map(\.count).max() ?? 1)
        return memory
    }

    /// How the batches are cut, for people; and, where that changes what is computed, how.
    public var planLines: [String] {
        let visual = recipe.configuration.visual
        var lines = [
            "\(plan.line); \(recipe.stepsPerEpoch) steps per epoch of \(recipe.epochSamples) samples, \(recipe.steps) steps in all"
        ]
        let learnsNorm = network.parameters.all.contains { $0.name.hasPrefix("visual.bn1.") && $0.isTrainable }
        if plan.pieces.count > 1 || plan.ranks > 1, !visual.frozenNorm, learnsNorm {
            let least = plan.pieces.map(\.count).min() ?? 1
            lines.append(
                "BatchNorm takes its statistics from the \(least) samples of a micro-batch, not from all \(plan.batchSize): not the same as "
                    + "one big batch. With \"visual\": {\"frozenNorm\": true} it is")
        }
        return lines
    }
}
