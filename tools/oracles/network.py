"""The network and loss of Deixis in PyTorch: the oracle that the trainer and the runtime are compared with.

One image and one expression in, one box (cx, cy, w, h) out. Parameter names equal those of the Swift network and of
the ONNX file. Shapes: B images, HW visual tokens, L expression tokens, C0 and C1 the widths of groups and fusion.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Configuration:
    name: str
    image_side: int = 512
    # Visual encoder, a ResNet: `basic` blocks are 3x3, 3x3; `bottleneck` blocks 1x1, 3x3 (the stride), 1x1 to 4x width.
    block: str = "bottleneck"
    stem_kernel: int = 7
    stem_width: int = 64
    stage_blocks: tuple = (3, 4, 6, 3)
    stage_widths: tuple = (64, 128, 256, 512)
    frozen_batch_norm: bool = True
    visual_stages: tuple = (2, 3, 4)  # torchvision's layer numbers: strides 8, 16, 32
    # Language encoder, BERT: every two layers are one block.
    vocabulary: int = 30522
    maximum_length: int = 40
    position_rows: int = 512
    token_types: int = 2
    language_width: int = 768
    language_layers: int = 6
    language_heads: int = 12
    language_feed_forward: int = 3072
    language_blocks: tuple = (1, 2, 3)
    # Interaction.
    group_width: int = 256  # C0
    fusion_width: int = 768  # C1 = groups x C0
    group_layers: int = 2
    fusion_layers: int = 3
    group_heads: int = 8
    fusion_heads: int = 8
    group_feed_forward: int = 2048
    fusion_feed_forward: int = 2048
    head_width: int = 768
    interaction: str = "ca2m"  # or "transformer": encoder layers over the concatenated tokens
    dropout: float = 0.1
    # Loss.
    lambda_: float = 0.75
    sigma: float = 2.5
    learned_sigma: bool = True

    @property
    def grid(self):
        return self.image_side // 16


PAPER_R50 = Configuration("paper-r50")
PAPER_R101 = replace(PAPER_R50, name="paper-r101", stage_blocks=(3, 4, 23, 3))
SMALL = Configuration(
    "small", image_side=128, block="basic", stem_kernel=3, stem_width=24, stage_blocks=(1, 1, 1, 1),
    stage_widths=(32, 48, 96, 128), frozen_batch_norm=False, vocabulary=128, position_rows=40, token_types=1,
    language_width=96, language_heads=4, language_feed_forward=192, group_width=64, fusion_width=192,
    group_heads=4, fusion_heads=4, group_feed_forward=128, fusion_feed_forward=192, head_width=192, dropout=0.0)
TINY = Configuration(
    "tiny", image_side=32, block="basic", stem_kernel=3, stem_width=4, stage_blocks=(1, 1, 1, 1),
    stage_widths=(4, 6, 8, 10), frozen_batch_norm=False, vocabulary=24, maximum_length=12, position_rows=12,
    token_types=1, language_width=8, language_heads=2, language_feed_forward=12, group_width=4, fusion_width=12,
    group_layers=1, fusion_layers=1, group_heads=2, fusion_heads=2, group_feed_forward=8, fusion_feed_forward=16,
    head_width=12, dropout=0.0)
CONFIGURATIONS = {c.name: c for c in (PAPER_R50, PAPER_R101, SMALL, TINY)}


# Visual encoder, torchvision's names


class Block(nn.Module):
    def __init__(self, kind, inputs, width, stride):
        super().__init__()
        self.outputs = width * 4 if kind == "bottleneck" else width
        shapes = ([(inputs, width, 1, 1), (width, width, 3, stride), (width, width * 4, 1, 1)]
                  if kind == "bottleneck" else [(inputs, width, 3, stride), (width, width, 3, 1)])
        self.count = len(shapes)
        for i, (source, target, kernel, step) in enumerate(shapes, 1):
            setattr(self, f"conv{i}", nn.Conv2d(source, target, kernel, step, kernel // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(target))
        self.downsample = None
        if stride != 1 or inputs != self.outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, self.outputs, 1, stride, bias=False), nn.BatchNorm2d(self.outputs))

    def forward(self, x):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.count:
                y = F.relu(y)
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Normalized pixels [B, 3, S, S] -> feature maps of the chosen stages."""

    def __init__(self, c):
        super().__init__()
        self.stages, self.frozen = c.visual_stages, c.frozen_batch_norm
        self.conv1 = nn.Conv2d(3, c.stem_width, c.stem_kernel, 2, c.stem_kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(c.stem_width)
        width = c.stem_width
        self.channels = {}
        for stage, (count, planes) in enumerate(zip(c.stage_blocks, c.stage_widths), 1):
            blocks = []
            for i in range(count):
                blocks.append(Block(c.block, width, planes, 2 if i == 0 and stage > 1 else 1))
                width = blocks[-1].outputs
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
            self.channels[stage] = width
        if self.frozen:  # statistics and affine values are constants
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        if self.frozen:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        features = []
        for stage in range(1, max(self.stages) + 1):
            x = getattr(self, f"layer{stage}")(x)
            if stage in self.stages:
                features.append(x)
        return features


class Neck(nn.Module):
    """Stages -> stride 16, C0 channels each, concatenated, plus a learned position: F_v^0 [B, HW, C1]."""

    def __init__(self, c, channels):
        super().__init__()
        self.stages, self.grid = c.visual_stages, c.grid
        self.projection = nn.ModuleList(nn.Conv2d(channels[s], c.group_width, 1) for s in c.visual_stages)
        self.position = nn.Parameter(torch.zeros(c.grid * c.grid, len(c.visual_stages) * c.group_width))

    def forward(self, features):
        maps = []
        for stage, projection, x in zip(self.stages, self.projection, features):
            x = projection(x)
            if stage < 3:
                x = F.max_pool2d(x, 2 ** (3 - stage))
            elif stage > 3:
                x = F.interpolate(x, scale_factor=2.0 ** (stage - 3), mode="nearest")
            maps.append(x)
        return torch.cat(maps, 1).flatten(2).transpose(1, 2) + self.position


# Language encoder, BERT's names


def attend(query, key, value, heads, mask):
    """Softmax(Q K^T / sqrt(d)) V per head; mask [B, L] is 1 where a key may be attended to, None for all."""
    split = lambda x: x.unflatten(2, (heads, -1)).transpose(1, 2)
    query, key, value = split(query), split(key), split(value)
    scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(mask[:, None, None, :] == 0, -1e9)
    return (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)


def tree(**modules):
    """A module that only holds others, for BERT's deeply dotted names."""
    holder = nn.Module()
    for name, module in modules.items():
        holder.add_module(name, module)
    return holder


class BERTLayer(nn.Module):
    def __init__(self, width, heads, feed_forward, dropout):
        super().__init__()
        self.heads, self.drop = heads, nn.Dropout(dropout)
        norm = lambda: nn.LayerNorm(width, eps=1e-12)
        linear = lambda: nn.Linear(width, width)
        self.attention = tree(output=tree(dense=linear(), LayerNorm=norm()),
                              self=tree(query=linear(), key=linear(), value=linear()))
        self.intermediate = tree(dense=nn.Linear(width, feed_forward))
        self.output = tree(dense=nn.Linear(feed_forward, width), LayerNorm=norm())

    def forward(self, x, mask):
        a, o = self.attention.get_submodule("self"), self.attention.output
        y = attend(a.query(x), a.key(x), a.value(x), self.heads, mask)
        x = o.LayerNorm(x + self.drop(o.dense(y)))
        y = self.output.dense(F.gelu(self.intermediate.dense(x)))
        return self.output.LayerNorm(x + self.drop(y))


class BERT(nn.Module):
    """Token ids [B, L] -> outputs of the chosen blocks, each [B, L, width]; a block is two layers."""

    def __init__(self, c):
        super().__init__()
        self.blocks = c.language_blocks
        table = lambda rows: nn.Embedding(rows, c.language_width)
        self.embeddings = tree(
            word_embeddings=table(c.vocabulary), position_embeddings=table(c.position_rows),
            token_type_embeddings=table(c.token_types), LayerNorm=nn.LayerNorm(c.language_width, eps=1e-12))
        layer = lambda: BERTLayer(c.language_width, c.language_heads, c.language_feed_forward, c.dropout)
        self.encoder = tree(layer=nn.ModuleList(layer() for _ in range(c.language_layers)))
        self.drop = nn.Dropout(c.dropout)

    def forward(self, ids, mask):
        e = self.embeddings
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = e.word_embeddings(ids) + e.position_embeddings(positions) + e.token_type_embeddings.weight[0]
        x = self.drop(e.LayerNorm(x))
        outputs = []
        for i in range(2 * max(self.blocks)):
            x = self.encoder.layer[i](x, mask)
            if i % 2 and i // 2 + 1 in self.blocks:
                outputs.append(x)
        return outputs


# Interaction


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "output"):
            setattr(self, name, nn.Linear(width, width))

    def forward(self, x, source, mask):
        return self.output(attend(self.query(x), self.key(source), self.value(source), self.heads, mask))


class Half(nn.Module):
    """x* = LN(x + MHCA(x, s)); x' = LN(x* + FFN(x*))."""

    def __init__(self, width, heads, feed_forward, dropout):
        super().__init__()
        self.attention = Attention(width, heads)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.linear1, self.linear2 = nn.Linear(width, feed_forward), nn.Linear(feed_forward, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, source, mask=None):
        x = self.norm1(x + self.drop(self.attention(x, source, mask)))
        return self.norm2(x + self.drop(self.linear2(self.drop(F.relu(self.linear1(x))))))


class CA2M(nn.Module):
    """Cross-modal alternate attention: vision first, then language attends to the updated vision."""

    def __init__(self, *arguments):
        super().__init__()
        self.visual, self.language = Half(*arguments), Half(*arguments)

    def forward(self, visual, language, mask):
        visual = self.visual(visual, language, mask)
        return visual, self.language(language, visual)


class EncoderLayer(nn.Module):
    """The ablation: one standard Transformer encoder layer over the concatenated tokens."""

    def __init__(self, *arguments):
        super().__init__()
        self.joint = Half(*arguments)

    def forward(self, visual, language, mask):
        x = torch.cat([visual, language], 1)
        seen = torch.cat([mask.new_ones(visual.shape[:2]), mask], 1)
        return self.joint(x, x, seen).split([visual.shape[1], language.shape[1]], 1)


def interaction(c, count, *arguments):
    kind = CA2M if c.interaction == "ca2m" else EncoderLayer
    return nn.ModuleList(kind(*arguments, c.dropout) for _ in range(count))


class Group(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.visual_projection = nn.Linear(len(c.visual_stages) * c.group_width, c.group_width)
        self.language_projection = nn.Linear(c.language_width, c.group_width)
        self.layers = interaction(c, c.group_layers, c.group_width, c.group_heads, c.group_feed_forward)

    def forward(self, visual, language, mask):
        visual, language = self.visual_projection(visual), self.language_projection(language)
        for layer in self.layers:
            visual, language = layer(visual, language, mask)
        return visual, language


class Network(nn.Module):
    """image uint8 [B, S, S, 3], token_ids [B, L], attention_mask [B, L] -> box [B, 4] in 0...1."""

    def __init__(self, c):
        super().__init__()
        self.configuration = c
        self.register_buffer("mean", 255 * torch.tensor([0.485, 0.456, 0.406]), persistent=False)
        self.register_buffer("deviation", 255 * torch.tensor([0.229, 0.224, 0.225]), persistent=False)
        self.visual = ResNet(c)
        self.neck = Neck(c, self.visual.channels)
        self.language = BERT(c)
        self.groups = nn.ModuleList(Group(c) for _ in c.language_blocks)
        width = len(c.language_blocks) * c.group_width
        self.fusion = interaction(c, c.fusion_layers, width, c.fusion_heads, c.fusion_feed_forward)
        sizes = [(width, c.head_width), (c.head_width, c.head_width), (c.head_width, 4)]
        self.head = nn.ModuleList(nn.Linear(*size) for size in sizes)

    def forward(self, image, token_ids, attention_mask):
        x = (image.permute(0, 3, 1, 2).to(self.mean.dtype) - self.mean[:, None, None]) / self.deviation[:, None, None]
        start = self.neck(self.visual(x.contiguous(memory_format=torch.channels_last)))
        pairs = [group(start, words, attention_mask)
                 for group, words in zip(self.groups, self.language(token_ids, attention_mask))]
        visual, language = torch.cat([p[0] for p in pairs], 2), torch.cat([p[1] for p in pairs], 2)
        for layer in self.fusion:
            visual, language = layer(visual, language, attention_mask)
        y = language[:, 0]
        for linear in self.head[:-1]:
            y = F.relu(linear(y))
        return self.head[-1](y).sigmoid()


# Self-paced sample informativeness


def corners(box):
    centers, sizes = box[:, :2], box[:, 2:]
    return centers - sizes / 2, centers + sizes / 2


def giou_loss(predicted, truth):
    """1 - |A n B| / |A u B| + |C \\ (A u B)| / |C|, per sample; also the IoU."""
    (a0, a1), (b0, b1) = corners(predicted), corners(truth)
    area = lambda low, high: (high - low).clamp(min=0).prod(1)
    overlap = area(torch.maximum(a0, b0), torch.minimum(a1, b1))
    union = area(a0, a1) + area(b0, b1) - overlap
    hull = area(torch.minimum(a0, b0), torch.maximum(a1, b1))
    iou = overlap / union.clamp(min=1e-9)
    return 1 - iou + (hull - union) / hull.clamp(min=1e-9), iou


class SelfPacedLoss(nn.Module):
    """sum_i d(L_i) (L_i - lambda), d(L) = exp(min(L^2 / max(sigma, 0.05)^2, 8)); d <= e^8 whatever sigma becomes."""

    def __init__(self, c):
        super().__init__()
        self.sigma = nn.Parameter(torch.full((2,), c.sigma), requires_grad=c.learned_sigma)
        self.lambda_ = c.lambda_

    def forward(self, predicted, truth):
        l1 = (predicted - truth).abs().sum(1)
        giou, iou = giou_loss(predicted, truth)
        total = 0
        for value, sigma in zip((l1, giou), self.sigma.clamp(min=0.05)):
            total = total + (value.square() / sigma.square()).clamp(max=8).exp() * (value - self.lambda_)
        return total.mean(), l1.mean(), giou.mean(), iou
