"""Compares deixis, onnxruntime and OpenVINO on the same ONNX file, the same inputs and threads: latency, load, memory, outputs.

Each runtime lives in a process of its own. All load first, then they take turns, round by round, so that what else the machine does is
spread over all of them: read the ratios, not the milliseconds. With a second model (e.g. the int8 form of the first) both are measured
in the same rounds.

  tools/compare-runtimes Sources/DeixisModel/Bundled/small.onnx --threads 1 --runs 200
  tools/compare-runtimes paper-r50.onnx paper-r50.int8.onnx --json compare.json --chart compare.svg
  tools/compare-runtimes paper-r50.onnx --recipe best      # each runtime's own int8 form of the fp32 file

columns (milliseconds; the file is in the page cache)
  min p50 p90   of all runs; inputs bound once, outputs read in place
  ours/its      p50 of deixis by p50 of this runtime, per round, the median: below 1 deixis is faster
  load first    reading and compiling the model; the first run, which for deixis includes planning and packing weights. "compiled" is
                deixis on what 'deixis compile' made of the file
  start         from the start of the process to the first answer, Python and imports included where the runtime needs them
  anonymous     memory with no file behind it, after the rounds; peak: most resident memory, mapped file included
  ort same      largest difference of an output from onnxruntime's on the same file; ort fp32: on the first file
  second        p50 where the sentence changes with every run and the picture stays, by p50 (--second-sentence)
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import chart
import inputs as samples
import report
from processes import Failed, Worker, end_all, finish, wait_until_quiet
from report import OURS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUNTIMES = ["deixis", "compiled", "onnxruntime", "openvino"]


@dataclass
class Case:
    """One runtime on one file."""
    model: str
    runtime: str
    file: Path
    inputs: dict
    other: dict
    worker: Worker | None = None
    starts: list = field(default_factory=list)
    rounds: list = field(default_factory=list)
    second: list = field(default_factory=list)
    idle: float = 0.0
    memory: dict = field(default_factory=dict)
    outputs: dict = field(default_factory=dict)
    refusal: str | None = None
    #: What the runtime loads, where that is not the file itself.
    made: Path | None = None


def say(words):
    print(words, file=sys.stderr, flush=True)


def parse():
    parser = argparse.ArgumentParser(prog="tools/compare-runtimes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL.onnx", help="one or two files")
    parser.add_argument("--runtimes", default=",".join(RUNTIMES), help="which, separated by commas (default: all)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=20, help="inferences of a runtime in a round (default 20)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2, help="runs before those of each round that are not counted (default 2)")
    parser.add_argument("--starts", type=int, default=3, help="how often each runtime is started, for load, first and start (default 3)")
    parser.add_argument("--tokens", type=int, help="extent of a symbolic length (default 42, or what the metadata says is the longest sentence)")
    parser.add_argument("--real", type=int, default=10, help="of these, tokens that the mask keeps (default 10)")
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=N", help="what another symbolic dimension stands for")
    parser.add_argument("--image", choices=["scene", "random"], default="scene", help="a made-up scene, or noise")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE.npy", help="an input as given instead of made up")
    parser.add_argument("--second-sentence", action="store_true", help="also measure: another sentence, the same picture")
    parser.add_argument("--recipe", choices=["same", "best"], default="same", help="same: all run the file; best: each its own int8 form of it")
    parser.add_argument("--ours", type=Path, help="recipe best: the file deixis runs (default: MODEL.int8.onnx for MODEL.onnx)")
    parser.add_argument("--calibration", type=int, default=32, help="recipe best: made-up samples the peers calibrate with (default 32)")
    parser.add_argument("--calibration-dir", type=Path, help="recipe best: a folder of .npz files instead, each the inputs of one sample by name")
    parser.add_argument("--cache", type=Path, default=ROOT / ".build/compare", help="where quantized files are kept, and compiled ones while this runs")
    parser.add_argument("--ov-precision", choices=["f32", "bf16", "f16", "default"], default="f32",
                        help="OpenVINO's INFERENCE_PRECISION_HINT; its default may round to bf16 where the CPU can (default f32)")
    parser.add_argument("--deixis", type=Path, default=Path(os.environ.get("DEIXIS", ROOT / ".build/release/deixis")), help="path of deixis")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--chart", type=Path, metavar="FILE", help=".svg or .png")
    a = parser.parse_args()

    a.runtimes = a.runtimes.split(",")
    for runtime in a.runtimes:
        if runtime not in RUNTIMES:
            parser.error(f"--runtimes: '{runtime}' is unknown; known are {', '.join(RUNTIMES)}")
    if len(a.models) > (1 if a.recipe == "best" else 2):
        parser.error("one model with --recipe best, two at most otherwise")
    for name in ("threads", "runs", "rounds", "starts", "tokens", "real", "calibration"):
        if getattr(a, name) is not None and getattr(a, name) < 1:
            parser.error(f"--{name} is {getattr(a, name)}; expected at least 1")
    for model in a.models:
        if not model.is_file():
            parser.error(f"there is no file {model}")
    if set(OURS) & set(a.runtimes) and not os.access(a.deixis, os.X_OK):
        sys.exit(f"compare-runtimes: there is no {a.deixis}: build it with 'swift build -c release --product deixis', or name it with --deixis")
    a.dims = {}
    for argument in a.dim:
        name, _, extent = argument.partition("=")
        if not extent.isdigit() or int(extent) < 1:
            parser.error(f"--dim '{argument}': expected NAME=N with N at least 1")
        a.dims[name] = int(extent)
    if a.chart:
        chart.check(a.chart)
    for path in filter(None, (a.json, a.chart)):
        if not path.resolve().parent.is_dir():
            parser.error(f"there is no folder {path.parent} for {path}")
    return a


# MARK: What goes in

def describe(model):
    try:
        return json.loads(finish([sys.executable, HERE / "inputs.py", model]))
    except Failed as failure:
        sys.exit(f"compare-runtimes: {model}: {failure}")


def make_inputs(a, model, folder, known):
    """Files of the inputs, by name, and of another sentence. A model with the inputs of an earlier one gets the same files."""
    description = describe(model)
    tokens = description["tokens"] = a.tokens or min(42, description["max_length"] or 42)
    names = [i["name"] for i in description["inputs"]]
    key = [(i["name"], i["type"], samples.shape_of(i, a.dims, tokens)) for i in description["inputs"]] + [description["vocabulary"]]
    for other, files in known:
        # A file without metadata may be the quantized form of one with.
        if key[:-1] == other[:-1] and key[-1] in (None, other[-1]):
            return description, files
    given = {}
    for argument in a.input:
        name, _, path = argument.partition("=")
        if name not in names:
            sys.exit(f"compare-runtimes: --input {name}: {model} has no such input; it has {', '.join(names)}")
        try:
            given[name] = np.load(path)
        except (OSError, ValueError) as error:
            sys.exit(f"compare-runtimes: --input {name}: {error}")
    sets = []
    for seed in (a.seed, a.seed + 1):
        sets.append({**samples.make(description, seed, tokens, a.real, a.dims, a.image), **given})
    result = ({}, {})
    for number, (arrays, files) in enumerate(zip(sets, result)):
        for index, (name, value) in enumerate(arrays.items()):
            # The other sentence: integers that a seed decides. The picture stays.
            if number and (value.dtype.kind != "i" or name in given or np.array_equal(value, sets[0][name])):
                continue
            files[name] = folder / f"{len(known)}-{number}-{index}.npy"
            np.save(files[name], value)
    if a.second_sentence and not result[1]:
        sys.exit(f"compare-runtimes: --second-sentence: {model} has no made-up integer input to change")
    known.append((key, result))
    return description, result


def best_files(a, model, description):
    """Recipe best: each runtime's own int8 form of `model`, made once."""
    files = {}
    ours = [runtime for runtime in OURS if runtime in a.runtimes]
    for runtime in ours:
        files[runtime] = a.ours or model.with_suffix(".int8.onnx")
        if not files[runtime].is_file():
            sys.exit(f"compare-runtimes: there is no {files[runtime]}: quantize {model} to it, or name another file with --ours")
    if ours == a.runtimes:
        return files
    tokens = description["tokens"]
    digest = hashlib.sha256()
    with open(model, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    digest.update((HERE / "quantize.py").read_bytes() + (HERE / "inputs.py").read_bytes() + (HERE / "requirements-best.txt").read_bytes()
                  + (HERE / "requirements.txt").read_bytes())
    if a.calibration_dir:
        for path in sorted(a.calibration_dir.glob("*.npz")):
            digest.update(path.read_bytes())
    else:
        digest.update(repr([a.calibration, tokens, a.dims, a.image, a.seed]).encode())
    a.cache.mkdir(parents=True, exist_ok=True)
    for runtime in a.runtimes:
        if runtime in OURS:
            continue
        extension = ".xml" if runtime == "openvino" else ".onnx"
        name = f"{model.stem}.{runtime}-int8-{digest.hexdigest()[:12]}"
        files[runtime] = a.cache / (name + extension)
        if files[runtime].is_file():
            say(f"{runtime}: its int8 form is {files[runtime]}")
            continue
        say(f"{runtime}: quantizing {model} its own way; this can take minutes...")
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(dir=a.cache) as work:
            folder = a.calibration_dir
            if folder is None:
                folder = Path(work, "calibration")
                folder.mkdir()
                random = np.random.default_rng(a.seed + 1000)
                for number in range(a.calibration):
                    real = int(random.integers(min(4, tokens), tokens + 1))
                    np.savez(folder / f"{number:05}.npz", **samples.make(description, a.seed + 1000 + number, tokens, real, a.dims, a.image))
            try:
                finish([sys.executable, HERE / "quantize.py", runtime, model.resolve(), Path(work, name + extension), folder.resolve()])
            except Failed as failure:
                say(f"{runtime}: could not quantize {model}: {failure}")
                files[runtime] = None
                continue
            # The companion first (weights of an .xml): a file that is there is complete.
            for made in sorted(Path(work).glob(name + "*"), key=lambda path: path.suffix == extension):
                os.replace(made, a.cache / made.name)
        say(f"{runtime}: {files[runtime]} made in {time.monotonic() - begin:.0f} s")
    return files


def make_compiled(a, case, folder):
    """What `deixis compile` makes of the case's file."""
    case.made = folder / f"{case.file.stem}.deixis"
    dims = [part for name, extent in a.dims.items() for part in ("--dim", f"{name}={extent}")]
    try:
        finish([a.deixis, "compile", case.file, "--out", case.made, "--threads", a.threads, *dims])
    except Failed as failure:
        refused(case, failure)


# MARK: Measuring

def command(a, case):
    arguments = ["--threads", a.threads]
    for option, files in (("--input", case.inputs), ("--other", case.other)):
        for name, path in files.items():
            arguments += [option, f"{name}={path}"]
    if case.runtime in OURS:
        return [a.deixis, "bench-worker", case.made or case.file, *arguments]
    return [sys.executable, HERE / "worker.py", case.runtime, case.file, *arguments, "--ov-precision", a.ov_precision]


def refused(case, failure):
    # Without what the message would say twice.
    case.refusal, case.worker = str(failure).removeprefix("deixis: ").removeprefix(f"{case.file}: "), None
    say(f"{case.runtime} on {case.file}: {case.refusal}")


def start_all(a, cases):
    """Starts each worker `--starts` times, by turns; the last one stays."""
    for file in {case.made or case.file for case in cases}:
        for path in (file, file.with_suffix(".bin")):
            if path.is_file():
                with open(path, "rb") as stream:
                    while stream.read(1 << 22):
                        pass
    for number in range(a.starts):
        for case in cases:
            if case.refusal:
                continue
            # Others that stay must not be heard while this one loads.
            wait_until_quiet([c.worker for c in cases if c.worker])
            try:
                worker = Worker(command(a, case))
                case.starts.append(worker.ready)
                if number == a.starts - 1:
                    case.worker = worker
                else:
                    worker.quit()
            except Failed as failure:
                refused(case, failure)


def take_turns(a, cases):
    for number in range(a.rounds):
        say(f"round {number + 1} of {a.rounds}")
        # Another runtime begins each round, so that none always comes after the same.
        shift = number % len(cases)
        for case in cases[shift:] + cases[:shift]:
            if not case.worker:
                continue
            others = [c for c in cases if c.worker and c is not case]
            wait_until_quiet([c.worker for c in cases if c.worker])
            before = [c.worker.cpu_ns() for c in others]
            begin = time.perf_counter_ns()
            try:
                if a.warmup:
                    case.worker.order(f"run {a.warmup}")
                case.rounds.append(case.worker.order(f"run {a.runs}")["ns"])
                if a.second_sentence:
                    case.second.append(case.worker.order(f"alternate {a.runs}")["ns"])
            except Failed as failure:
                refused(case, failure)
            wall = time.perf_counter_ns() - begin
            for other, b in zip(others, before):
                other.idle = max(other.idle, (other.worker.cpu_ns() - b) / wall)


def read_outputs(worker, folder):
    """Outputs by name, in the model's order."""
    listing = worker.order(f"output {folder}")["outputs"]
    return {item["name"]: np.load(Path(folder, item["file"])) for item in listing}


def references(a, cases, files, folder):
    """onnxruntime's outputs for each file: of its case where there is one, else of a process that runs once."""
    result = {}
    for number, (file, inputs) in enumerate(files.items()):
        known = next((c for c in cases if c.runtime == "onnxruntime" and c.file == file and c.outputs), None)
        if known:
            result[file] = known.outputs
            continue
        try:
            worker = Worker(command(a, Case("", "onnxruntime", file, inputs, {})))
            result[file] = read_outputs(worker, folder / f"reference-{number}")
            worker.quit()
        except Failed as failure:
            say(f"no reference: onnxruntime on {file}: {failure}")
    return result


def main():
    a = parse()
    folder = Path(tempfile.mkdtemp(prefix="deixis-compare-"))
    # Not in /tmp, which may be memory.
    a.cache.mkdir(parents=True, exist_ok=True)
    made = tempfile.mkdtemp(dir=a.cache)
    load_average = os.getloadavg()[0]
    stop = lambda number, frame: sys.exit(128 + number)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    try:
        cases, known, files, shapes = [], [], {}, {}
        for model in a.models:
            description, (given, other) = make_inputs(a, model, folder, known)
            shapes |= {name: list(np.load(path, mmap_mode="r").shape) for name, path in given.items()}
            best = best_files(a, model, description) if a.recipe == "best" else {}
            files[model] = given
            name = model.name + (", each one's int8" if best else "")
            for runtime in a.runtimes:
                file = best.get(runtime, model)
                case = Case(name, runtime, file or model, given, other if a.second_sentence else {})
                if file is None:
                    case.refusal = "its quantizer failed"
                elif file.suffix == ".onnx":
                    files[file] = given
                if runtime == "compiled" and not case.refusal:
                    make_compiled(a, case, Path(made))
                cases.append(case)
        start_all(a, cases)
        if not any(case.worker for case in cases):
            sys.exit(65)
        for number, case in enumerate(cases):
            if case.worker:
                case.outputs = read_outputs(case.worker, folder / f"outputs-{number}")
        reference = references(a, cases, files, folder)
        take_turns(a, cases)
        for case in cases:
            if case.worker:
                case.memory = case.worker.order("memory")["memory"]
                case.worker.quit()
        version = finish([a.deixis, "--version"]).strip() if set(OURS) & set(a.runtimes) else ""
        first = Case("", "", a.models[0], cases[0].inputs, {})
        rows = [report.summary(case, cases, reference, first) for case in cases]
        for row in rows:
            if row["runtime"] in OURS and "refused" not in row:
                row["version"] = version
    except Failed as failure:
        sys.exit(f"compare-runtimes: {failure}")
    except KeyboardInterrupt:
        say("compare-runtimes: interrupted")
        sys.exit(130)
    finally:
        end_all()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(made, ignore_errors=True)

    sizes = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())
    result = {"date": time.strftime("%Y-%m-%d"), "cpu": report.cpu_name(), "cores": len(os.sched_getaffinity(0)), "load_average": load_average,
              "threads": a.threads, "runs": a.runs, "rounds": a.rounds, "warmup": a.warmup, "recipe": a.recipe, "inputs": shapes,
              "real_tokens": a.real, "seed": a.seed,
              "setting": f"{a.threads} thread{'s' * (a.threads != 1)}, {a.rounds} rounds of {a.runs} runs by turns, {report.cpu_name()}", "rows": rows}
    print(f"{result['setting']}\n{sizes} ({a.real} real tokens)")
    print(report.text(result, a.second_sentence, len(a.models) > 1 or a.recipe == "best"))
    if a.json:
        a.json.write_text(json.dumps(result, indent=2) + "\n")
    if a.chart:
        report.draw(a, result)


if __name__ == "__main__":
    main()
