#!/usr/bin/env python3
"""Expected tokens from Hugging Face `tokenizers`, one JSON object a line: text, and per setting its words and ids.

    pip install tokenizers
    tools/oracles/tokenizer.py                     writes the committed fixtures of Tests/DeixisInputTests
    tools/oracles/tokenizer.py --fresh N --seed S FILE
                                                   N random strings, and every scalar value once, for a comparison by
                                                   DEIXIS_TOKENIZER_CASES=FILE swift test --filter tokenizerMatchesFile
"""
import argparse
import json
import pathlib
import random
import unicodedata
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests/DeixisInputTests/Fixtures"
SETTINGS = {"uncased": (True, True), "lower": (True, False), "strip": (False, True), "cased": (False, False)}
MAX_LENGTH = 24

def pipeline(tokens, lowercase, strip):
    t = Tokenizer(models.WordPiece({x: i for i, x in enumerate(tokens)}, unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.post_processor = processors.BertProcessing(("[SEP]", tokens.index("[SEP]")), ("[CLS]", tokens.index("[CLS]")))
    return t

def words(t, text):
    return [w for w, _ in t.pre_tokenizer.pre_tokenize_str(t.normalizer.normalize_str(text))]

def case(pipelines, text):
    out = {"text": text}
    for name, t in pipelines.items():
        whole = t.encode(text).ids
        kept = whole if len(whole) <= MAX_LENGTH else whole[:MAX_LENGTH - 1] + whole[-1:]
        t.enable_truncation(max_length=MAX_LENGTH)
        assert t.encode(text).ids == kept
        t.no_truncation()
        out[name] = {"words": words(t, text), "ids": kept, "dropped": len(whole) - len(kept)}
    return out

# Where random characters come from: blocks in which something can go wrong, and anything at all.
BLOCKS = [(0x20, 0x7F), (0x20, 0x7F), (0, 0x20), (0x7F, 0x250), (0x300, 0x370), (0x370, 0x530), (0x590, 0x700), (0x8D0, 0xDFF),
          (0xF00, 0x1100), (0x1100, 0x1200), (0x1AB0, 0x1D00), (0x1DC0, 0x2000), (0x2000, 0x2070), (0x2070, 0x2400),
          (0x3000, 0x3100), (0x302A, 0x3030), (0x4E00, 0x4F00), (0xA640, 0xA800), (0xAC00, 0xD7A4), (0xF900, 0x10000), (0x10400, 0x10500),
          (0x11000, 0x11400), (0x16FF0, 0x16FF2), (0x1D165, 0x1D1B0), (0x1F300, 0x1F700), (0x20000, 0x20100), (0x2F800, 0x2FA20),
          (0x1E000, 0x1E960), (0xE0000, 0xE0200), (0, 0x110000)]

def random_string(r):
    blocks = [r.choice(BLOCKS) for _ in range(r.randint(1, 4))]
    out = []
    for _ in range(r.randint(1, 40)):
        c = r.randrange(*r.choice(blocks))
        out.append(" " if r.random() < 0.12 or 0xD800 <= c < 0xE000 else chr(c))
    return "".join(out)

def make_vocabulary(texts, r):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    seen = set(tokens)
    pool = []
    for flags in SETTINGS.values():
        t = pipeline(tokens, *flags)
        for text in texts:
            for w in words(t, text):
                if len(w) > 30: continue
                cut = r.randint(1, len(w))
                pool += [w] if r.random() < 0.4 else [w[:cut]] + ([("##" + w[cut:])] if cut < len(w) else [])
                if r.random() < 0.5: pool += [w[0]] + ["##" + c for c in w]
    for token in pool:
        if token not in seen and "\n" not in token and "\r" not in token:
            seen.add(token)
            tokens.append(token)
    return tokens

def main():
    p = argparse.ArgumentParser()
    p.add_argument("--fresh", type=int)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("file", nargs="?")
    a = p.parse_args()
    r = random.Random(a.seed)
    lines = [json.loads(x) for x in (FIXTURES / "sentences.jsonl").read_text().split("\n") if x]
    if a.fresh is None:
        texts = lines + [random_string(r) for _ in range(300)]
        tokens = make_vocabulary(texts, r)
        (FIXTURES / "vocabulary.txt").write_text("\n".join(tokens) + "\n", newline="\n")
        out = FIXTURES / "tokenizer.jsonl"
    else:
        texts = [random_string(r) for _ in range(a.fresh)]
        scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
        texts += [" ".join("x" + s + "Y" for s in scalars[i:i + 16]) for i in range(0, len(scalars), 16)]
        tokens = (FIXTURES / "vocabulary.txt").read_bytes().decode().split("\n")[:-1]
        out = pathlib.Path(a.file)
    pipelines = {name: pipeline(tokens, *flags) for name, flags in SETTINGS.items()}
    with open(out, "w") as f:
        for text in texts:
            f.write(json.dumps(case(pipelines, text), ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f"{len(texts)} cases, {len(tokens)} tokens -> {out}")

main()
