"""Compares what ONNX Runtime answers for a written .onnx with what the model itself answered: the reference rows of its image.

    python test/golden/compare-onnx.py MODEL [MODEL ...]

Needs numpy and onnxruntime (tested with 1.32), and the `node` that runs Sluice. Not part of the tests: they read what was written with Sluice's own reader.
"""
import json, pathlib, subprocess, sys, tempfile

import numpy, onnxruntime

MAIN = pathlib.Path(__file__).parent / "../../src/cli/main.ts"


def convert(model, out):
    done = subprocess.run(["node", MAIN, "convert", model, out], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.split("\n")[0])


def image_of(path):
    """docs/image.md"""
    data = path.read_bytes()
    length = int.from_bytes(data[24:28], "little")
    header = json.loads(data[32:32 + length])
    begin = (32 + length + 63) // 64 * 64
    return header["model"], header["reference"], [numpy.frombuffer(data, "<" + kind[0] + str(int(kind[1:]) // 8), count, begin + at) for kind, count, at in header["arrays"]]


def compare(path, folder):
    convert(path, folder / "m.sluice")
    convert(path, folder / "m.onnx")
    model, reference, arrays = image_of(folder / "m.sluice")
    spec = model["signature"]["inputs"][0]
    rows = arrays[reference["inputs"]["array"]].reshape(-1, spec["shape"][1])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(folder / "m.onnx"), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    answers = arrays[reference["rejected"]["array"]] == 0
    if model.get("refusals"):
        assert (session.run(["rejected"], {name: rows})[0] == ~answers).all(), "other rows are rejected"
    worst = 0.0
    for i, output in enumerate(model["signature"]["outputs"]):
        answered = session.run([output["name"]], {name: rows})[0][answers]
        expected = arrays[reference["outputs"][i]["array"]].reshape(len(rows), *output["shape"][1:])[answers]
        if output["dtype"] == "string":
            words = numpy.array([*model["outputs"][i]["labels"], ""])
            assert (answered == words[expected]).all(), output["name"]
            continue
        assert answered.shape == expected.shape, f"{output['name']}: {answered.shape} for {expected.shape}"
        assert (numpy.isnan(answered.astype(float)) == numpy.isnan(expected.astype(float))).all(), f"{output['name']}: NaN elsewhere"
        equal = answered == expected
        with numpy.errstate(invalid="ignore"):
            difference = numpy.where(equal, 0, numpy.abs(answered.astype(float) - expected) / numpy.maximum(1, numpy.abs(expected.astype(float))))
        worst = max(worst, numpy.nanmax(difference, initial=0))
    # a model of float64 may round to float32 on its way
    return worst, "float32" if rows.dtype == numpy.float32 or "float32" in json.dumps(model) else "float64"


failed = 0
with tempfile.TemporaryDirectory() as made:
    for number, path in enumerate(sys.argv[1:]):
        folder = pathlib.Path(made) / str(number)
        folder.mkdir()
        try:
            worst, dtype = compare(path, folder)
            bad = not worst <= (1e-5 if dtype == "float32" else 1e-10)
            failed += bad
            print(f"{'DIFFERS' if bad else 'equal  '} {worst:8.1e} {dtype} {path}")
        except Exception as error:
            message = str(error).strip().split("\n")[0]
            failed += "no exact words" not in message
            print(f"{'refused' if 'no exact words' in message else 'FAILED '} {path}: {message}")
sys.exit(1 if failed else 0)
