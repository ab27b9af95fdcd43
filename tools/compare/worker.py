"""A peer of `deixis bench-worker` for onnxruntime and OpenVINO: loads a model, runs it when told to, speaks the same orders.

Answers are one line of JSON each; whatever a library prints goes to standard error. Failures are one line there and exit code 65.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np


class OnnxRuntime:
    """Inputs and outputs bound once, so that what is timed is the run."""

    def __init__(self, a, inputs):
        import onnxruntime

        self.version = onnxruntime.__version__
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = a.threads
        options.inter_op_num_threads = 1
        # The pool spins while it waits for work, as by default; it sleeps soon after a run.
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        self.loading = time.perf_counter_ns()
        self.session = onnxruntime.InferenceSession(a.model, options, providers=["CPUExecutionProvider"])
        self.settings = {"threads": a.threads, "allow_spinning": 1}
        self.binding = self.session.io_binding()
        for name, value in inputs.items():
            self.bind(name, value)
        self.names = [o.name for o in self.session.get_outputs()]
        for name in self.names:
            self.binding.bind_output(name)

    def bind(self, name, value):
        self.binding.bind_cpu_input(name, value)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def outputs(self):
        return list(zip(self.names, self.binding.copy_outputs_to_cpu()))


class OpenVINO:
    """Compiled for the inputs' shapes; input tensors share the arrays' memory."""

    def __init__(self, a, inputs):
        import openvino as ov

        self.ov, self.version = ov, ov.__version__.split("-")[0]
        config = {"INFERENCE_NUM_THREADS": a.threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
        if a.ov_precision != "default":
            config["INFERENCE_PRECISION_HINT"] = a.ov_precision
        self.loading = time.perf_counter_ns()
        core = ov.Core()
        model = core.read_model(a.model)
        ports = {}
        for port in model.inputs:
            name = next((n for n in port.get_names() if n in inputs), None)
            if name is None:
                raise ValueError(f"input {sorted(port.get_names())} is not given")
            if not port.get_partial_shape().compatible(ov.PartialShape(list(inputs[name].shape))):
                # reshape() would go along with it: another network than the file's.
                raise ValueError(f"input {name}: expected {port.get_partial_shape()}, got {list(inputs[name].shape)}")
            ports[name] = port
        model.reshape({port: list(inputs[name].shape) for name, port in ports.items()})
        self.names = [min(port.get_names(), default=f"output{i}") for i, port in enumerate(model.outputs)]
        compiled = core.compile_model(model, "CPU", config)
        self.settings = {**config, "INFERENCE_PRECISION_HINT": compiled.get_property("INFERENCE_PRECISION_HINT").to_string()}
        self.request = compiled.create_infer_request()
        for name, value in inputs.items():
            self.bind(name, value)

    def bind(self, name, value):
        self.request.set_tensor(name, self.ov.Tensor(value, shared_memory=True))

    def run(self):
        self.request.infer(share_outputs=True)

    def outputs(self):
        return [(name, np.array(self.request.get_output_tensor(i).data)) for i, name in enumerate(self.names)]


RUNTIMES = {"onnxruntime": OnnxRuntime, "openvino": OpenVINO}


def memory():
    """The same fields, from the same files, as deixis_read_memory."""
    result = {}
    for path, fields in [
        ("/proc/self/status", {"VmRSS": "resident_bytes", "VmHWM": "peak_resident_bytes", "RssAnon": "anonymous_bytes"}),
        ("/proc/self/smaps_rollup", {"Pss": "proportional_bytes", "Anonymous": "anonymous_bytes"}),
    ]:
        for line in Path(path).read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in fields:
                result[fields[name]] = int(rest.split()[0]) * 1024
    return result


def timed(runtime, count, sets=()):
    times = []
    for i in range(count):
        start = time.perf_counter_ns()
        if sets:
            for name, value in sets[i % len(sets)].items():
                runtime.bind(name, value)
        runtime.run()
        times.append(time.perf_counter_ns() - start)
    return times


def write(runtime, folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    listing = []
    for i, (name, value) in enumerate(runtime.outputs()):
        np.save(Path(folder, f"{i}.npy"), value)
        listing.append({"name": name, "file": f"{i}.npy"})
    return listing


def arrays(arguments):
    pairs = [argument.partition("=") for argument in arguments]
    return {name: np.ascontiguousarray(np.load(path)) for name, _, path in pairs}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runtime", choices=RUNTIMES)
    parser.add_argument("model")
    parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE.npy")
    parser.add_argument("--other", action="append", default=[], metavar="NAME=FILE.npy")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ov-precision", default="f32")
    a = parser.parse_args()

    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    answer = lambda **pairs: print(json.dumps(pairs), file=channel, flush=True)

    inputs, other = arrays(a.input), arrays(a.other)
    before = memory()
    try:
        runtime = RUNTIMES[a.runtime](a, inputs)
        loaded = time.perf_counter_ns()
        runtime.run()
        first = time.perf_counter_ns()
    except Exception as error:  # whatever a library throws is its refusal
        # Libraries trace through their own files: the last line that is not empty says why.
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        print(" ".join(lines)[-600:] if lines else repr(error), file=sys.stderr)
        sys.exit(65)
    answer(version=runtime.version, settings=runtime.settings, load_ms=(loaded - runtime.loading) / 1e6,
           first_ms=(first - loaded) / 1e6, memory_before=before, memory=memory())
    for line in sys.stdin:
        order, _, argument = line.strip().partition(" ")
        if order == "run":
            answer(ns=timed(runtime, int(argument)))
        elif order == "alternate":
            answer(ns=timed(runtime, int(argument), [other, {name: inputs[name] for name in other}]))
        elif order == "memory":
            answer(memory=memory())
        elif order == "output":
            answer(outputs=write(runtime, argument))
        elif order == "quit":
            break
        else:
            sys.exit(f"'{line.strip()}': expected run N, alternate N, memory, output DIR or quit")


if __name__ == "__main__":
    main()
