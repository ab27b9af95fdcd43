"""The peers' own best int8 form of an fp32 file:  quantize.py openvino|onnxruntime MODEL OUT CALIBRATION

CALIBRATION is a folder of .npz files, one sample each. Run by tools/compare-runtimes --recipe best; OUT must not be there yet.
"""

import sys
from pathlib import Path

import numpy as np


def samples(folder):
    return [dict(np.load(path)) for path in sorted(Path(folder).glob("*.npz"))]


def openvino_int8(model, out, calibration):
    """NNCF post-training quantization: weights per channel, activations unsigned or signed as they need, attention as transformers want it."""
    import nncf
    import openvino
    from openvino.passes import ConstantFolding, Manager

    graph = openvino.Core().read_model(model)
    # A weight behind a Transpose would be quantized as an activation, per tensor.
    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(graph)
    quantized = nncf.quantize(graph, nncf.Dataset(calibration), preset=nncf.QuantizationPreset.MIXED, model_type=nncf.ModelType.TRANSFORMER,
                              subset_size=len(calibration))
    openvino.save_model(quantized, out, compress_to_fp16=False)


def onnxruntime_int8(model, out, calibration):
    """Static QDQ: everything that can be quantized, weights signed per channel, activations unsigned."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        rest = iter(calibration)

        def get_next(self):
            return next(self.rest, None)

    prepared = Path(out).with_suffix(".prepared.onnx")
    try:
        # Symbolic shape inference knows fewer operators than the runtime; onnx's own is enough here.
        quant_pre_process(model, prepared, skip_symbolic_shape=True)
        quantize_static(prepared, out, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    finally:
        prepared.unlink(missing_ok=True)


if __name__ == "__main__":
    name, model, out, folder = sys.argv[1:]
    {"openvino": openvino_int8, "onnxruntime": onnxruntime_int8}[name](model, out, samples(folder))
