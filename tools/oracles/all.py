#!/usr/bin/env python3
"""Everything `tools/test --oracles` compares with others' work, one line a check; exit code 1 when any fails.

DEIXIS and DEIXIS_TRAIN name the two commands. PyTorch's exporter is compared where PyTorch is at hand, and said to be left out
where it is not. --quick leaves out the paper-sized file (600 MB).
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEIXIS = os.environ.get("DEIXIS", str(ROOT / ".build/release/deixis"))
TRAIN = os.environ.get("DEIXIS_TRAIN", str(ROOT / ".build/release/deixis-train"))
BUNDLED = ROOT / "Sources/DeixisModel/Bundled/small.onnx"
failures, passed, skipped = [], 0, 0


def check(title, *command):
    global passed
    start = time.monotonic()
    environment = {**os.environ, "DEIXIS": DEIXIS, "DEIXIS_TRAIN": TRAIN}
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment, cwd=ROOT)
    output = (result.stdout + result.stderr).strip().splitlines()
    good = result.returncode == 0
    print(f"{'ok  ' if good else 'FAIL'} {title} ({time.monotonic() - start:.1f} s){': ' + output[-1] if output else ''}", flush=True)
    if good:
        passed += 1
    else:
        print("\n".join(f"     {line}" for line in output[-20:]), flush=True)
        failures.append(title)
    return good


def script(name, *arguments):
    return (sys.executable, HERE / name, *arguments)


def main():
    global skipped
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        models = [("tiny", None), ("small", None)] + ([] if quick else [("paper-r50", None)])
        files = [("the bundled model", BUNDLED)] if BUNDLED.exists() else []
        for name, _ in models:
            file = folder / f"{name}.onnx"
            if check(f"export of {name}", TRAIN, "export", "--config", name, "--out", file):
                files.append((name, file))
        differential = ROOT / ".build-test/release/deixis-differential"
        if differential.exists():
            check("random graphs, references against onnxruntime", *script("differential.py", differential))
        for name, file in files:
            check(f"onnx.checker on {name}", *script("check-onnx.py", file))
            check(f"onnxruntime against deixis on {name}", *script("compare_onnxruntime.py", file))
        check("photographs through deixis and onnxruntime", *script("photographs.py", BUNDLED))
        tokens = folder / "tokens.jsonl"
        if check("fresh random strings for the tokenizer", *script("tokenizer.py", "--fresh", 2000, "--seed", int(time.time()), tokens)):
            os.environ["DEIXIS_TOKENIZER_CASES"] = str(tokens)
            check("tokenizer against Hugging Face", ROOT / "tools/test", "--built", "--filter", "tokenizerMatchesFile")
        cases = folder / "cases"
        if check("the newest ONNX's node cases", *script("conformance.py", cases)):
            os.environ["DEIXIS_ONNX_NODE_TESTS"] = str(cases / "node")
            check("conformance to the newest ONNX", ROOT / "tools/test", "--built", "--filter", "ConformanceTests")
        if importlib.util.find_spec("torch"):
            for name, limit in [("tiny", ("--max-length", 12)), ("small", ())]:
                for exporter in ["torchscript", "dynamo"]:
                    file = folder / f"{name}-{exporter}.onnx"
                    if check(f"PyTorch's {exporter} export of {name}", *script("export_torch.py", name, file, "--exporter", exporter)):
                        check(f"onnxruntime against deixis on it", *script("compare_onnxruntime.py", file, *limit))
        else:
            skipped += 1
            print("left out: PyTorch's exporters (no torch here; tools/oracles/requirements-torch.txt)")
    print(f"{passed} passed, {len(failures)} failed, {skipped} skipped")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
