"""Parameters and batches from one small formula, so that PyTorch and Swift start a training step from equal bits.

s' = (1664525 s + 1013904223) mod 2^32, u = s' / 2^32, s starts at 1; parameters and buffers by sorted name, row-major.
"""

import numpy as np
import torch


class Filler:
    def __init__(self):
        self.state = 1

    def draw(self, shape):
        """The next states as uint32."""
        values = np.empty(int(np.prod(shape)), dtype=np.uint32)
        for i in range(values.size):
            self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
            values[i] = self.state
        return values.reshape(shape)

    def parameter(self, name, shape):
        u = self.draw(shape) / 2.0**32
        if name.endswith("running_var"):
            values = 0.5 + u
        elif len(shape) == 1 and name.endswith("weight"):
            values = 0.75 + 0.5 * u
        elif len(shape) == 1:
            values = 0.2 * (u - 0.5)
        elif "embeddings" in name or name == "neck.position":
            values = 2 * (u - 0.5)
        else:
            values = 2 * (u - 0.5) * np.sqrt(3 / np.prod(shape[1:]))
        return torch.from_numpy(values.astype(np.float32))


def fill(network):
    """Overwrites every parameter and running statistic; returns the filler, which goes on to make the batch."""
    filler = Filler()
    state = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    for name in sorted(state):
        state[name].copy_(filler.parameter(name, tuple(state[name].shape)))
    return filler


def batch(filler, side, vocabulary, lengths=(7, 5, 4)):
    """Three images (bytes), token ids, mask and true boxes."""
    images = torch.from_numpy((filler.draw((len(lengths), side, side, 3)) >> 24).astype(np.uint8))
    ids = 1 + (filler.draw((len(lengths), max(lengths))) >> 16) % (vocabulary - 1)
    ids = torch.from_numpy(ids.astype(np.int64))
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    truth = torch.tensor([[0.5, 0.5, 0.4, 0.3], [0.3, 0.6, 0.2, 0.5], [0.7, 0.35, 0.35, 0.25]],
                         dtype=torch.float64)
    return images, ids * mask, mask, truth
