#!/usr/bin/env python3
"""Writes Sources/DeixisInput/UnicodeTables.swift by asking Hugging Face `tokenizers` about every code point.

The tables agree with the library itself, not with a Unicode version: it mixes several (categories of one, case mapping and
decomposition of others), and a tokenizer must cut a sentence exactly as the one the weights were trained with.

    pip install tokenizers && tools/oracles/make-unicode-tables.py > Sources/DeixisInput/UnicodeTables.swift
"""
import unicodedata
import tokenizers
from tokenizers import normalizers, pre_tokenizers

def bert(**on):
    flags = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    flags.update(on)
    return normalizers.BertNormalizer(**flags).normalize_str

clean, chinese = bert(clean_text=True), bert(handle_chinese_chars=True)
strip, lower = bert(strip_accents=True), bert(lowercase=True)
nfd = normalizers.NFD().normalize_str
split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str

# One representative per combining class; the class of any scalar is found by seeing which of them it changes places with.
low, high = "\u0334", "\u0345"                           # of classes 1 and 240, the least and the greatest
representatives = {1: low}
for code in range(0x300, 0x20000):
    s = chr(code)
    if unicodedata.combining(s) and nfd(s + low) == low + s:  # a scalar newer than the library is no combining one to it
        representatives.setdefault(unicodedata.combining(s), s)

def combining_class(s):
    if nfd(s + low) == s + low and nfd(high + s) == high + s:
        return 0
    after = [k for k, r in representatives.items() if nfd(s + r) != s + r]       # classes below that of s
    before = [k for k, r in representatives.items() if nfd(r + s) != r + s]      # classes above that of s
    between = [k for k in representatives if k not in after and k not in before]
    assert len(between) == 1, (hex(ord(s)), between)
    return between[0]

removed, spaces, punctuation, ideographs, marks, barriers = [], [], [], [], [], []
lowered, decomposed, kept = {}, {}, {}
for code in range(0x110000):
    if 0xD800 <= code < 0xE000:
        continue
    s = chr(code)
    cleaned = clean(s)
    assert cleaned in ("", " ", s)
    if cleaned == "": removed.append(code)
    elif cleaned == " ": spaces.append(code)
    if chinese(s) != s:
        assert chinese(s) == " " + s + " "
        ideographs.append(code)
    pieces = len(split("a" + s + "b"))
    if pieces == 3: punctuation.append(code)
    if pieces == 2: assert cleaned != s or s == " ", hex(code)      # whitespace never reaches the splitter except as U+0020
    if lower(s) != s: lowered[code] = [ord(c) for c in lower(s)]
    parts = nfd(s)
    survivors = [c for c in parts if strip(c) != ""]
    assert "".join(survivors) == strip(s), hex(code)
    if 0xAC00 <= code < 0xD7A4:                          # Hangul is decomposed by arithmetic
        continue
    classes = [combining_class(c) for c in parts]
    if not survivors:
        (barriers if 0 in classes else marks).append(code)
        continue
    if survivors != [s]:
        decomposed[code] = [ord(c) for c in survivors]
        assert classes[0] == 0, hex(code)
    if len(parts) == 1 and classes[0]:
        kept[code] = classes[0]
        assert lower(s) == s
    # A removed class-0 mark inside a decomposition would have to stop reordering; a kept class-0 scalar beside it does.
    assert all(strip(c) != "" or k or any(strip(d) != "" and not combining_class(d) for d in parts) for c, k in zip(parts, classes))

def ranges(codes):
    out = []
    for code in codes:
        if out and out[-1][1] + 1 == code: out[-1][1] = code
        else: out.append([code, code])
    return [x for pair in out for x in pair]

def stepped(mapping):
    """[first, last, step, delta] of runs in which every step-th scalar moves by delta."""
    runs = []
    for code, (target,) in sorted(mapping.items()):
        delta = (target - code) & 0xFFFFFFFF
        if runs and runs[-1][3] == delta:
            first, last, step, _ = runs[-1]
            gap = code - last
            if (first == last and gap <= 2) or gap == step and first != last:
                runs[-1][1:3] = [code, gap]
                continue
        runs.append([code, code, 1, delta])
    return [x for run in runs for x in run]

def emit(name, comment, numbers):
    print(f"    /// {comment}")
    print(f"    static let {name}: [UInt32] = [")
    for i in range(0, len(numbers), 12):
        print("        " + ", ".join(f"0x{n:x}" for n in numbers[i:i + 12]) + ",")
    print("    ]")

several = {c: t for c, t in lowered.items() if len(t) > 1}
assert several == {0x130: [0x69, 0x307]}, several
lowered.pop(0x130)

pool, values = [], []
for code, target in sorted(decomposed.items()):
    if len(target) == 1: values.append(target[0])
    else:
        values.append(0x80000000 | len(pool) << 4 | len(target))
        pool += target
kept_runs = []
for code, k in sorted(kept.items()):
    if kept_runs and kept_runs[-1][1] + 1 == code and kept_runs[-1][2] == k: kept_runs[-1][1] = code
    else: kept_runs.append([code, code, k])

print(f"// Generated by tools/oracles/make-unicode-tables.py from tokenizers {tokenizers.__version__}; long because it is data.")
print()
print("/// What BERT's normalizer and pre-tokenizer think of each scalar. Ranges are closed, sorted pairs: first, last.")
print("enum UnicodeTables {")
emit("removed", "Dropped by text cleaning: controls, formats, private use, U+0000, U+FFFD.", ranges(removed))
emit("spaces", "Turned into U+0020.", ranges(spaces))
emit("ideographs", "CJK ideographs, each a word of its own.", ranges(ideographs))
emit("punctuation", "Each a word of its own, tested after normalization.", ranges(punctuation))
emit("marks", "Nonspacing marks, dropped when accents are stripped.", ranges(marks))
emit("barrierMarks", "Nonspacing marks of combining class 0: dropped too, but nothing is reordered across them.", ranges(barriers))
emit("keptCombining", "Combining scalars that are kept, hence ordered: first, last, class.", [x for r in kept_runs for x in r])
emit("lowercase", "first, last, step, delta (wrapping). U+0130, which becomes two scalars, is handled in code.", stepped(lowered))
emit("decomposable", "Scalars whose canonical decomposition less its nonspacing marks is another scalar or several.", sorted(decomposed))
emit("decomposition", "What they become: one scalar, or 1 << 31 | offset << 4 | count into `decompositionPool`.", values)
emit("decompositionPool", "Decompositions of several scalars.", pool)
print("}")
