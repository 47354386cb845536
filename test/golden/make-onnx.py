"""Small ONNX graphs, one for each way an operator is used, and what ONNX Runtime answers.

    pip install onnx==1.19.1 onnxruntime==1.32.0 numpy
    python test/golden/make-onnx.py > test/golden/onnx-operators.json

Each case: its name, the model as base64, rows of the inputs (by column, words or numbers), outputs by name [rows][numbers]; numbers that are not
finite are written as texts. A case without outputs is one that is refused.
"""
import base64
import json
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

ROWS = 5
random = np.random.default_rng(7)
cases = []


def f32(*dims):
    return random.normal(size=dims).astype(np.float32)


def column(*dims, special=True):
    """Rows of numbers: some negative, large, zero."""
    x = (random.normal(size=(ROWS, *dims)) * 2).astype(np.float32)
    if special:
        flat = x.reshape(ROWS, -1)
        flat[0, 0] = 0
        flat[1, -1] = -0.0
        flat[2, 0] = 30
        flat[3, -1] = -30
    return x


TYPES = {'float32': T.FLOAT, 'float64': T.DOUBLE, 'int64': T.INT64, 'int32': T.INT32, 'bool': T.BOOL}


def type_of(array):
    return T.STRING if array.dtype.kind in 'OU' else TYPES[str(array.dtype)]


def case(name, nodes, inputs, constants=None, outputs=('y',), opset=18, ml=None, types=None, refused=False, first='N'):
    initializers = [numpy_helper.from_array(np.array(value), key) for key, value in (constants or {}).items()]
    graph = h.make_graph(
        nodes, 'g',
        [h.make_tensor_value_info(key, type_of(x), [first, *x.shape[1:]]) for key, x in inputs.items()],
        [h.make_tensor_value_info(o, (types or {}).get(o, T.FLOAT), None) for o in outputs], initializers)
    imports = [h.make_opsetid('', opset)] + ([h.make_opsetid('ai.onnx.ml', ml)] if ml else [])
    model = h.make_model(graph, opset_imports=imports, ir_version=8)
    item = {'name': name, 'model': base64.b64encode(model.SerializeToString()).decode()}
    rows = [[v for x in inputs.values() for v in written(x[r])] for r in range(ROWS)]
    item['rows'] = rows
    if not refused:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = ort.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider'])
        answers = {}
        # row by row: what a batch does is not asked
        for r in range(ROWS):
            results = session.run(list(outputs), {key: (x[r:r + 1].astype(object) if x.dtype.kind in 'OU' else x[r:r + 1]) for key, x in inputs.items()})
            for o, result in zip(outputs, results):
                if isinstance(result, list):
                    result = np.array([list(m.values()) for m in result])
                answers.setdefault(o, []).append(written(result))
        item['outputs'] = answers
    cases.append(item)


def written(x):
    """The shortest decimals that are the same float32 or double."""
    x = np.array(x)
    if x.dtype == np.float32:
        return [float(str(v)) if np.isfinite(v) else written(np.float64(v))[0] for v in x.ravel()]
    return [v if isinstance(v, str) or np.isfinite(v) else 'NaN' if v != v else 'Infinity' if v > 0 else '-Infinity' for v in x.ravel().tolist()]


def node(op, inputs, outputs='y', domain='', **attributes):
    return h.make_node(op, inputs.split(' ') if inputs else [], outputs.split(), domain=domain, **attributes)


def ml(op, inputs, outputs='y', **attributes):
    return node(op, inputs, outputs, 'ai.onnx.ml', **attributes)


def elements():
    for op in ['Abs', 'Neg', 'Sign', 'Floor', 'Ceil', 'Round', 'Reciprocal', 'Exp', 'Sin', 'Cos', 'Atan', 'Tanh', 'Erf', 'Sigmoid', 'Relu', 'Softplus', 'Softsign', 'Identity', 'HardSwish',
               'LeakyRelu', 'Elu', 'Selu', 'Celu', 'HardSigmoid', 'ThresholdedRelu']:
        case(op, [node(op, 'x')], {'x': column(5)})
    case('Mish', [node('Mish', 'x')], {'x': column(5)})
    for op in ['Gelu']:
        for approximate in ['none', 'tanh']:
            case(f'{op} {approximate}', [node(op, 'x', approximate=approximate)], {'x': column(5)}, opset=20)
    for op in ['Sqrt', 'Log']:
        case(op, [node('Abs', 'x', 'a'), node(op, 'a')], {'x': column(5)})
    for op in ['Asin', 'Acos', 'Sinh', 'Cosh', 'Tan']:
        case(op, [node(op, 'x')], {'x': column(5) / np.float32(40)})
    case('Round halves', [node('Round', 'x')], {'x': np.array([[i - 3.5, i - 3, i / 2] for i in range(ROWS)], np.float32)})
    case('LeakyRelu alpha', [node('LeakyRelu', 'x', alpha=0.3)], {'x': column(4)})
    case('Elu alpha', [node('Elu', 'x', alpha=0.3)], {'x': column(4)})
    case('Celu alpha', [node('Celu', 'x', alpha=0.7)], {'x': column(4)})
    case('HardSigmoid alpha', [node('HardSigmoid', 'x', alpha=0.3, beta=0.4)], {'x': column(4)})
    case('PRelu', [node('PRelu', 'x s')], {'x': column(4)}, {'s': f32(4)})
    case('Clip', [node('Clip', 'x a b')], {'x': column(4)}, {'a': np.float32(-1), 'b': np.float32(1.5)})
    case('Clip low', [node('Clip', 'x a')], {'x': column(4)}, {'a': np.float32(-1)})
    case('Clip 6', [node('Clip', 'x', min=-1.0, max=2.0)], {'x': column(4)}, opset=6)
    for op in ['Add', 'Sub', 'Mul', 'Div']:
        case(f'{op} row', [node(op, 'x c')], {'x': column(4)}, {'c': f32(4)})
        case(f'{op} of two', [node(op, 'x z')], {'x': column(4), 'z': column(4)})
        case(f'{op} one', [node(op, 'c x')], {'x': column(4)}, {'c': np.float32(1.7)})
        case(f'{op} grid', [node('Reshape', 'x s', 'r'), node(op, 'r c', 'q'), node('Reshape', 'q t')], {'x': column(6)}, {'s': np.array([-1, 2, 3]), 't': np.array([-1, 6]), 'c': f32(2, 1)})
    case('Div int', [node('Cast', 'x', 'i', to=T.INT64), node('Div', 'i c', 'd'), node('Cast', 'd', to=T.FLOAT)], {'x': column(4)}, {'c': np.array([2])})
    case('Mod', [node('Cast', 'x', 'i', to=T.INT64), node('Mod', 'i c', 'd'), node('Cast', 'd', to=T.FLOAT)], {'x': column(4)}, {'c': np.array([3])})
    case('Mod fmod', [node('Mod', 'x c', fmod=1)], {'x': column(4)}, {'c': np.float32(1.5)})
    for power in [2.0, 3.0, 0.5, -1.5]:
        case(f'Pow {power}', [node('Abs', 'x', 'a'), node('Pow', 'a c')], {'x': column(4)}, {'c': np.float32(power)})
    for op in ['Less', 'Greater', 'Equal', 'LessOrEqual', 'GreaterOrEqual']:
        case(op, [node(op, 'x z', 'b'), node('Cast', 'b', to=T.FLOAT)], {'x': np.round(column(4)), 'z': np.round(column(4))})
    for op in ['And', 'Or', 'Xor']:
        case(op, [node('Greater', 'x c', 'a'), node('Less', 'x d', 'b'), node(op, 'a b', 'e'), node('Not', 'e', 'f'), node('Cast', 'f', to=T.FLOAT)], {'x': column(4)}, {'c': np.float32(-1), 'd': np.float32(1)})
    case('Where', [node('Greater', 'x c', 'b'), node('Where', 'b x k')], {'x': column(4)}, {'c': np.float32(0), 'k': f32(4)})
    case('Where words', [node('Greater', 'x c', 'b'), node('Where', 'b p q')], {'x': column(1)}, {'c': np.float32(0), 'p': np.array(['yes'], object), 'q': np.array(['no'], object)}, types={'y': T.STRING})
    case('IsNaN', [node('IsNaN', 'x', 'b'), node('Where', 'b c x')], {'x': np.where(column(4) > 1, np.float32('nan'), column(4))}, {'c': np.float32(9)})
    case('Sum Max Min Mean', [node('Sum', 'x z x', 's'), node('Max', 's z c', 'm'), node('Min', 'm z d', 'n'), node('Mean', 'n s x')], {'x': column(3), 'z': column(3)}, {'c': np.float32(0.5), 'd': f32(3)})
    for to in [T.INT64, T.INT32, T.BOOL, T.DOUBLE]:
        case(f'Cast {to}', [node('Cast', 'x', 'i', to=to), node('Cast', 'i', to=T.FLOAT)], {'x': column(4)})
    case('double', [node('Add', 'x c', 'a'), node('Mul', 'a a')], {'x': column(3).astype(np.float64)}, {'c': np.array(0.1)}, types={'y': T.DOUBLE})
    case('float beside double', [node('Cast', 'x', 'd', to=T.DOUBLE), node('Add', 'd z')], {'x': column(3), 'z': column(3).astype(np.float64)}, types={'y': T.DOUBLE})
    case('integers', [node('Mul', 'i i', 'a'), node('Add', 'a c')], {'i': np.round(column(3)).astype(np.int64)}, {'c': np.array([3, 4, 5])}, types={'y': T.INT64})


def moving():
    case('Reshape 0 -1', [node('Reshape', 'x s', 'r'), node('Transpose', 'r', 't', perm=[0, 2, 1]), node('Flatten', 't')], {'x': column(6)}, {'s': np.array([0, 2, -1])})
    case('Shape Gather Concat', [node('Shape', 'x', 's'), node('Gather', 's z', 'n'), node('Unsqueeze', 'n z1', 'u'), node('Concat', 'u m', 'k', axis=0), node('Reshape', 'x k', 'r'), node('Transpose', 'r', 't', perm=[0, 2, 1]), node('Reshape', 't l')],
         {'x': column(6)}, {'z': np.array(0), 'z1': np.array([0]), 'm': np.array([3, 2]), 'l': np.array([-1, 6])})
    case('flattened by a product', [node('Shape', 'x', 's'), node('Slice', 's a b', 'n'), node('Slice', 's b e', 'rest'), node('ReduceProd', 'rest', 'p', keepdims=1), node('Concat', 'n p', 'k', axis=0), node('Reshape', 'x k')],
         {'x': column(2, 3)}, {'a': np.array([0]), 'b': np.array([1]), 'e': np.array([9])})
    case('Squeeze Unsqueeze', [node('Unsqueeze', 'x a', 'u'), node('Squeeze', 'u a', 's'), node('Unsqueeze', 's b', 'v'), node('Squeeze', 'v b')], {'x': column(3)}, {'a': np.array([1]), 'b': np.array([-1])})
    case('Squeeze 11', [node('Unsqueeze', 'x', 'u', axes=[1]), node('Squeeze', 'u', axes=[1])], {'x': column(3)}, opset=11)
    case('Expand', [node('Unsqueeze', 'x a', 'u'), node('Expand', 'u s', 'e'), node('Flatten', 'e')], {'x': column(3)}, {'a': np.array([1]), 's': np.array([1, 4, 1])})
    case('Tile', [node('Tile', 'x r')], {'x': column(3)}, {'r': np.array([1, 3])})
    case('ConstantOfShape', [node('Shape', 'x', 's'), node('ConstantOfShape', 's', 'k', value=h.make_tensor('v', T.FLOAT, [1], [2.5])), node('Concat', 'x k', axis=1)], {'x': column(3)})
    case('Gather', [node('Gather', 'x i', axis=1)], {'x': column(5)}, {'i': np.array([3, 0, -1])})
    case('Gather table', [node('ArgMax', 'x', 'a', axis=1, keepdims=0), node('Gather', 't a')], {'x': column(3)}, {'t': f32(3, 4)})
    case('GatherElements', [node('TopK', 'x k', 'v i', axis=1), node('GatherElements', 'z i', axis=1)], {'x': column(5, special=False), 'z': column(5)}, {'k': np.array([3])})
    case('Slice', [node('Slice', 'x a b c')], {'x': column(7)}, {'a': np.array([1]), 'b': np.array([6]), 'c': np.array([1])})
    case('Slice steps', [node('Slice', 'x a b c d')], {'x': column(7)}, {'a': np.array([-1]), 'b': np.array([-9]), 'c': np.array([1]), 'd': np.array([-2])})
    case('Slice 1', [node('Slice', 'x', starts=[0, 2], ends=[2**63 - 1, 4], axes=[0, 1])], {'x': column(7)}, opset=9)
    case('Concat', [node('Concat', 'x c z', axis=-1)], {'x': column(2), 'z': column(3)}, {'c': f32(1, 2)}, first=1)
    case('Concat grid', [node('Reshape', 'x s', 'a'), node('Reshape', 'z s', 'b'), node('Concat', 'a b', 'c', axis=1), node('Concat', 'a b', 'd', axis=2), node('Flatten', 'c', 'e'), node('Flatten', 'd', 'f'), node('Concat', 'e f', axis=1)],
         {'x': column(6), 'z': column(6)}, {'s': np.array([-1, 2, 3])})
    case('Split', [node('Split', 'x n', 'a b', axis=1), node('Concat', 'b a', axis=1)], {'x': column(5)}, {'n': np.array([2, 3])})
    case('Split 11', [node('Split', 'x', 'a b', axis=1), node('Sub', 'b a')], {'x': column(6)}, opset=11)
    case('Split 18', [node('Split', 'x', 'a b', axis=1, num_outputs=2), node('Concat', 'b a', axis=1)], {'x': column(5)})
    case('Pad', [node('Pad', 'x p v')], {'x': column(3)}, {'p': np.array([0, 1, 0, 2]), 'v': np.float32(1.5)})
    for mode in ['edge', 'reflect', 'wrap']:
        case(f'Pad {mode}', [node('Pad', 'x p', mode=mode)], {'x': column(3)}, {'p': np.array([0, 2, 0, 1])}, opset=19)
    case('OneHot', [node('ArgMax', 'x', 'a', axis=1, keepdims=0), node('Sub', 'a one', 'b'), node('OneHot', 'b d v')], {'x': column(3)}, {'d': np.array(3), 'v': np.array([-1, 2], np.float32), 'one': np.array(1)})
    case('embedding', [node('Gather', 't i', 'g'), node('Flatten', 'g')], {'i': np.array([[0, 2], [1, -1], [3, 3], [2, 0], [-4, 1]])}, {'t': f32(4, 3)})
    case('Transpose grid', [node('Transpose', 'x', 't', perm=[0, 3, 1, 2]), node('Flatten', 't')], {'x': column(2, 3, 2)})
    case('rows turned', [node('Transpose', 'x', 't', perm=[1, 0]), node('Mul', 't c', 'm'), node('Transpose', 'm', perm=[1, 0])], {'x': column(4)}, {'c': f32(4, 1)})
    case('Range', [node('Range', 'a b c', 'r'), node('Mul', 'x r')], {'x': column(4)}, {'a': np.float32(0), 'b': np.float32(4), 'c': np.float32(1)})
    case('Constant', [node('Constant', '', 'c', value_floats=[1.5, 2.5, 3.5]), node('Mul', 'x c')], {'x': column(3)})
    case('Dropout', [node('Dropout', 'x', 'd'), node('Neg', 'd')], {'x': column(3)})
    case('one row at a time', [node('Reshape', 'x s', 'r'), node('ReduceSum', 'r a', keepdims=0)], {'x': column(6)}, {'s': np.array([2, 3]), 'a': np.array([0])}, first=1)


def reducing():
    for op in ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp']:
        case(op, [node(op, 'x a', keepdims=1)], {'x': column(5, special=False)}, {'a': np.array([1])})
        case(f'{op} middle', [node(op, 'x a', keepdims=0)], {'x': column(3, 2, special=False)}, {'a': np.array([1])})
    case('ReduceMean 11', [node('ReduceMean', 'x', axes=[-1], keepdims=0)], {'x': column(5)}, opset=11)
    case('ReduceLogSum', [node('Abs', 'x', 'b'), node('ReduceLogSum', 'b a', keepdims=1)], {'x': column(5)}, {'a': np.array([1])})
    for op in ['ArgMax', 'ArgMin']:
        case(op, [node(op, 'x', axis=1)], {'x': np.round(column(5, special=False))}, types={'y': T.INT64})
        case(f'{op} last', [node(op, 'x', axis=1, keepdims=0, select_last_index=1)], {'x': np.round(column(5, special=False))}, types={'y': T.INT64})
        case(f'{op} middle', [node(op, 'x', axis=1, keepdims=0)], {'x': np.round(column(3, 2, special=False))}, types={'y': T.INT64})
    for opset, axis in [(18, -1), (18, 1), (11, 1)]:
        case(f'Softmax {opset} {axis}', [node('Softmax', 'x', axis=axis)], {'x': column(2, 3)}, opset=opset)
        case(f'LogSoftmax {opset} {axis}', [node('LogSoftmax', 'x', axis=axis)], {'x': column(2, 3)}, opset=opset)
    for largest in [0, 1]:
        case(f'TopK {largest}', [node('TopK', 'x k', 'v i', largest=largest, axis=1)], {'x': column(6, special=False)}, {'k': np.array([3])}, outputs=['v', 'i'], types={'i': T.INT64})
    case('CumSum', [node('CumSum', 'x a')], {'x': column(5)}, {'a': np.array(1)})
    case('LayerNormalization', [node('LayerNormalization', 'x s b')], {'x': column(5)}, {'s': f32(5), 'b': f32(5)})
    case('InstanceNormalization', [node('InstanceNormalization', 'x s b')], {'x': column(3, 4)}, {'s': f32(3), 'b': f32(3)})
    case('rows summed', [node('ReduceSum', 'x a', keepdims=0)], {'x': column(3)}, {'a': np.array([0])}, refused=True)
    case('softmax of rows', [node('Softmax', 'x', axis=0)], {'x': column(3)}, refused=True)
    case('mean of rows', [node('ReduceMean', 'x a', 'm', keepdims=1), node('Sub', 'x m')], {'x': column(3)}, {'a': np.array([0])}, refused=True)


def networks():
    case('MatMul', [node('MatMul', 'x w')], {'x': column(4, special=False)}, {'w': f32(4, 3)})
    case('MatMul vector', [node('MatMul', 'x w')], {'x': column(4, special=False)}, {'w': f32(4)})
    case('MatMul left', [node('Unsqueeze', 'x a', 'u'), node('MatMul', 'w u', 'm'), node('Squeeze', 'm a')], {'x': column(4, special=False)}, {'w': f32(1, 3, 4), 'a': np.array([-1])})
    case('MatMul of both', [node('Reshape', 'x s', 'a'), node('Transpose', 'a', 'b', perm=[0, 2, 1]), node('MatMul', 'a b', 'm'), node('Flatten', 'm')], {'x': column(6, special=False)}, {'s': np.array([-1, 2, 3])})
    case('MatMul stack', [node('Reshape', 'x s', 'a'), node('MatMul', 'a w', 'm'), node('Flatten', 'm')], {'x': column(6, special=False)}, {'s': np.array([-1, 2, 3]), 'w': f32(2, 3, 2)}, refused=True)
    case('MatMul grid', [node('Reshape', 'x s', 'a'), node('MatMul', 'a w', 'm'), node('Add', 'm b', 'n'), node('Flatten', 'n')], {'x': column(6, special=False)}, {'s': np.array([-1, 2, 3]), 'w': f32(3, 4), 'b': f32(4)})
    case('Gemm', [node('Gemm', 'x w b')], {'x': column(4, special=False)}, {'w': f32(4, 3), 'b': f32(3)})
    case('Gemm turned', [node('Gemm', 'x w b', transB=1, alpha=0.5, beta=2.0)], {'x': column(4, special=False)}, {'w': f32(3, 4), 'b': f32(1, 3)})
    case('Gemm one', [node('Gemm', 'x w b', transB=1)], {'x': column(4, special=False)}, {'w': f32(3, 4), 'b': np.float32(0.5)})
    case('two layers', [node('Gemm', 'x w b', 'h'), node('Relu', 'h', 'r'), node('MatMul', 'r v', 'm'), node('Add', 'm c', 'n'), node('Softmax', 'n')], {'x': column(4, special=False)}, {'w': f32(4, 5), 'b': f32(5), 'v': f32(5, 3), 'c': f32(3)})
    for name, attributes in {'': {}, ' pads': {'pads': [1, 0, 0, 1]}, ' strides': {'strides': [2, 1]}, ' dilations': {'dilations': [1, 2]}, ' same': {'auto_pad': 'SAME_UPPER', 'strides': [2, 2]}, ' same low': {'auto_pad': 'SAME_LOWER', 'strides': [2, 2]}}.items():
        case('Conv' + name, [node('Conv', 'x w b', 'c', **attributes), node('Flatten', 'c')], {'x': column(2, 5, 6, special=False)}, {'w': f32(3, 2, 2, 3), 'b': f32(3)})
        if 'dilations' not in attributes:
            for op in ['MaxPool', 'AveragePool']:
                case(op + name, [node(op, 'x', 'c', kernel_shape=[2, 3], **attributes), node('Flatten', 'c')], {'x': column(2, 5, 6, special=False)})
    case('Conv groups', [node('Conv', 'x w', 'c', group=2), node('Flatten', 'c')], {'x': column(4, 5, special=False)}, {'w': f32(6, 2, 3)})
    case('Conv depthwise', [node('Conv', 'x w b', 'c', group=3, pads=[1, 1, 1, 1]), node('Flatten', 'c')], {'x': column(3, 4, 4, special=False)}, {'w': f32(3, 1, 3, 3), 'b': f32(3)})
    case('MaxPool ceil', [node('MaxPool', 'x', 'c', kernel_shape=[2], strides=[2], ceil_mode=1), node('Flatten', 'c')], {'x': column(2, 5, special=False)})
    case('MaxPool dilations', [node('MaxPool', 'x', 'c', kernel_shape=[2], dilations=[2]), node('Flatten', 'c')], {'x': column(2, 5, special=False)})
    case('AveragePool counting', [node('AveragePool', 'x', 'c', kernel_shape=[3], pads=[1, 1], count_include_pad=1), node('Flatten', 'c')], {'x': column(2, 5, special=False)})
    case('GlobalAveragePool', [node('GlobalAveragePool', 'x', 'c'), node('Flatten', 'c')], {'x': column(2, 3, 4, special=False)})
    case('GlobalMaxPool', [node('GlobalMaxPool', 'x', 'c'), node('Flatten', 'c')], {'x': column(2, 3, 4, special=False)})
    case('BatchNormalization', [node('BatchNormalization', 'x s b m v')], {'x': column(3)}, {'s': f32(3), 'b': f32(3), 'm': f32(3), 'v': np.abs(f32(3))})
    case('BatchNormalization grid', [node('BatchNormalization', 'x s b m v', 'c', epsilon=0.01), node('Flatten', 'c')], {'x': column(3, 2, 2)}, {'s': f32(3), 'b': f32(3), 'm': f32(3), 'v': np.abs(f32(3))})


def classical():
    x = column(3, special=False)
    for transform in ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO']:
        case(f'LinearRegressor {transform}', [ml('LinearRegressor', 'x', coefficients=f32(6).tolist(), intercepts=f32(2).tolist(), targets=2, post_transform=transform)], {'x': x}, ml=1)
        case(f'LinearClassifier {transform}', [ml('LinearClassifier', 'x', 'l y', coefficients=f32(9).tolist(), intercepts=f32(3).tolist(), classlabels_strings=['a', 'b', 'c'], post_transform=transform)], {'x': x}, outputs=['l', 'y'], types={'l': T.STRING}, ml=1)
        case(f'LinearClassifier of two {transform}', [ml('LinearClassifier', 'x', 'l y', coefficients=f32(6).tolist(), intercepts=f32(2).tolist(), classlabels_ints=[4, 9], post_transform=transform)], {'x': x}, outputs=['l', 'y'], types={'l': T.INT64}, ml=1)
    for transform in ['NONE', 'LOGISTIC', 'SOFTMAX']:
        case(f'LinearClassifier one {transform}', [ml('LinearClassifier', 'x', 'l y', coefficients=f32(3).tolist(), intercepts=f32(1).tolist(), classlabels_ints=[0, 1], post_transform=transform)], {'x': x}, outputs=['l', 'y'], types={'l': T.INT64}, ml=1)
    case('LinearClassifier PROBIT', [ml('LinearClassifier', 'x', 'l y', coefficients=(f32(9) * 0).tolist(), intercepts=[0.2, 0.5, 0.9], classlabels_ints=[0, 1, 2], post_transform='PROBIT')], {'x': x}, outputs=['l', 'y'], types={'l': T.INT64}, ml=1)
    case('Scaler', [ml('Scaler', 'x', offset=[1.0, 2.0, 3.0], scale=[0.5, 0.1, 2.0])], {'x': x}, ml=1)
    case('Scaler one', [ml('Scaler', 'x', offset=[1.0], scale=[0.3])], {'x': x}, ml=1)
    case('Scaler double', [ml('Scaler', 'x', offset=[1.0], scale=[0.3])], {'x': x.astype(np.float64)}, ml=1)
    zero = x.copy()
    zero[2] = 0
    for norm in ['MAX', 'L1', 'L2']:
        case(f'Normalizer {norm}', [ml('Normalizer', 'x', norm=norm)], {'x': zero}, ml=1)
    case('Binarizer', [ml('Binarizer', 'x', threshold=0.3)], {'x': x}, ml=1)
    case('Imputer', [ml('Imputer', 'x', imputed_value_floats=[1.0, 2.0, 3.0], replaced_value_float=float('nan'))], {'x': np.where(x > 0.5, np.float32('nan'), x)}, ml=1)
    case('Imputer int', [ml('Imputer', 'x', imputed_value_int64s=[7], replaced_value_int64=0)], {'x': np.round(x).astype(np.int64)}, types={'y': T.INT64}, ml=1)
    case('ArrayFeatureExtractor', [ml('ArrayFeatureExtractor', 'x i')], {'x': x}, {'i': np.array([2, 0])}, ml=1)
    case('FeatureVectorizer', [ml('FeatureVectorizer', 'x z', inputdimensions=[3, 2])], {'x': x, 'z': column(2)}, ml=1)
    words = np.array([['a'], ['b'], ['zz'], [''], ['c']], object)
    case('OneHotEncoder', [ml('OneHotEncoder', 'w', 'o', cats_strings=['b', 'a', 'c']), node('Flatten', 'o')], {'w': words}, ml=1)
    case('OneHotEncoder numbers', [ml('OneHotEncoder', 'x', 'o', cats_int64s=[-1, 0, 2]), node('Flatten', 'o')], {'x': np.round(x)}, ml=1)
    pair = np.concatenate([words, words[::-1]], axis=1)
    case('OneHotEncoder columns', [ml('OneHotEncoder', 'w', 'o', cats_strings=['b', 'a', 'c']), node('Flatten', 'o')], {'w': pair}, ml=1)
    case('LabelEncoder', [ml('LabelEncoder', 'w', keys_strings=['a', 'b'], values_floats=[1.5, 2.5], default_float=-3.0)], {'w': words}, ml=2)
    case('LabelEncoder to words', [ml('LabelEncoder', 'i', keys_int64s=[0, 1, 2], values_strings=['zero', 'one', 'two'], default_string='none')], {'i': np.round(x[:, :1]).astype(np.int64)}, types={'y': T.STRING}, ml=2)
    case('LabelEncoder floats', [ml('LabelEncoder', 'x', keys_floats=[0.0, float('nan'), 1.0], values_int64s=[5, 6, 7])], {'x': np.where(x > 0.7, np.float32('nan'), np.round(x))}, types={'y': T.INT64}, ml=2)
    case('LabelEncoder words to words', [ml('LabelEncoder', 'w', 'v', keys_strings=['a', 'b', 'c'], values_strings=['x', 'y', 'x']), ml('LabelEncoder', 'v', keys_strings=['x', 'y'], values_int64s=[3, 4])], {'w': words}, types={'y': T.INT64}, ml=2)
    case('LabelEncoder 1', [ml('LabelEncoder', 'w', classes_strings=['a', 'b'])], {'w': words}, types={'y': T.INT64}, ml=1)
    case('LabelEncoder 4', [ml('LabelEncoder', 'w', keys_tensor=h.make_tensor('k', T.STRING, [2], [b'a', b'b']), values_tensor=h.make_tensor('v', T.INT64, [2], [8, 9]), default_tensor=h.make_tensor('d', T.INT64, [1], [-5]))], {'w': words}, types={'y': T.INT64}, ml=4)
    case('CategoryMapper', [ml('CategoryMapper', 'w', cats_strings=['a', 'b'], cats_int64s=[10, 20])], {'w': words}, types={'y': T.INT64}, ml=1)
    case('words of columns', [node('Concat', 'w v', 'c', axis=1), node('Gather', 'c i', 'd', axis=1), ml('LabelEncoder', 'd', keys_strings=['a', 'b', 'c'], values_int64s=[1, 2, 3])], {'w': words, 'v': words[::-1]}, {'i': np.array([1, 0])}, types={'y': T.INT64}, ml=2)
    case('words equal', [node('Equal', 'w c', 'b'), node('Cast', 'b', to=T.FLOAT)], {'w': words}, {'c': np.array(['b'], object)}, opset=19)
    case('words where', [node('Equal', 'w c', 'b'), node('Where', 'b d w', 'e'), ml('OneHotEncoder', 'e', 'o', cats_strings=['b', 'a', 'c']), node('Flatten', 'o')], {'w': words}, {'c': np.array([''], object), 'd': np.array(['b'], object)}, opset=19, ml=1)
    for kernel in ['LINEAR', 'POLY', 'RBF', 'SIGMOID']:
        case(f'SVMRegressor {kernel}', [ml('SVMRegressor', 'x', kernel_type=kernel, kernel_params=[0.3, 0.1, 3.0], n_supports=4, support_vectors=f32(12).tolist(), coefficients=f32(4).tolist(), rho=[0.2])], {'x': x}, ml=1)
    case('SVMRegressor linear', [ml('SVMRegressor', 'x', kernel_type='LINEAR', kernel_params=[0.3, 0.1, 3.0], coefficients=f32(3).tolist(), rho=[0.2], n_supports=0)], {'x': x}, ml=1)
    case('SVMRegressor one class', [ml('SVMRegressor', 'x', kernel_type='RBF', kernel_params=[0.3, 0.1, 3.0], n_supports=4, support_vectors=f32(12).tolist(), coefficients=f32(4).tolist(), rho=[0.0], one_class=1)], {'x': x}, ml=1)
    for count in [2, 3, 4]:
        vectors = [2, 3, 1, 2][:count]
        case(f'SVMClassifier {count}', [ml('SVMClassifier', 'x', 'l y', kernel_type='RBF', kernel_params=[0.3, 0.1, 3.0], vectors_per_class=vectors, support_vectors=f32(3 * sum(vectors)).tolist(), coefficients=f32(sum(vectors) * (count - 1)).tolist(),
             rho=(f32(count * (count - 1) // 2) / 3).tolist(), classlabels_ints=list(range(count)))], {'x': x}, outputs=['l', 'y'], types={'l': T.INT64}, ml=1)
    case('SVMClassifier linear', [ml('SVMClassifier', 'x', 'l y', kernel_type='LINEAR', kernel_params=[0.3, 0.1, 3.0], coefficients=f32(9).tolist(), rho=[0.1], classlabels_strings=['a', 'b', 'c'])], {'x': x}, outputs=['l', 'y'], types={'l': T.STRING}, ml=1)


def grown(features, depth, modes, tree, missing=False):
    """A tree of full depth: arrays of nodes, and the ids of its leaves."""
    count = 2 ** (depth + 1) - 1
    inner = 2 ** depth - 1
    ids = list(range(count))
    return {
        'nodes_treeids': [tree] * count, 'nodes_nodeids': ids, 'nodes_featureids': [int(random.integers(features)) if i < inner else 0 for i in ids],
        'nodes_values': [float(np.round(random.normal(), 1)) if i < inner else 0.0 for i in ids], 'nodes_modes': [str(random.choice(modes)) if i < inner else 'LEAF' for i in ids],
        'nodes_truenodeids': [2 * i + 1 if i < inner else 0 for i in ids], 'nodes_falsenodeids': [2 * i + 2 if i < inner else 0 for i in ids],
        'nodes_missing_value_tracks_true': [int(missing and random.integers(2)) for _ in ids],
    }, ids[inner:]


def forest(features, trees, depth, modes, what, ids, missing=False, positive=False):
    nodes, weights = {}, {f'{what}_treeids': [], f'{what}_nodeids': [], f'{what}_ids': [], f'{what}_weights': []}
    for tree in range(trees):
        arrays, leaves = grown(features, depth, modes, tree, missing)
        for key, values in arrays.items():
            nodes.setdefault(key, []).extend(values)
        for leaf in leaves:
            for i in ids(tree):
                weights[f'{what}_treeids'].append(tree)
                weights[f'{what}_nodeids'].append(leaf)
                weights[f'{what}_ids'].append(i)
                weights[f'{what}_weights'].append(float(np.float32(random.normal())) if not positive else float(np.float32(random.random() / trees)))
    return {**nodes, **weights}


def trees():
    x = np.round(column(3, special=False), 1)
    holes = np.where(x > 1, np.float32('nan'), x)
    for mode in ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ']:
        for missing in [False, True]:
            case(f'{mode} {missing}', [ml('TreeEnsembleRegressor', 'x', n_targets=1, **forest(3, 3, 2, [mode], 'target', lambda t: [0], missing))], {'x': holes}, ml=1)
    mixed = ['BRANCH_LEQ', 'BRANCH_GT', 'BRANCH_LT', 'BRANCH_EQ']
    for aggregate in ['SUM', 'AVERAGE', 'MIN', 'MAX']:
        case(f'trees {aggregate}', [ml('TreeEnsembleRegressor', 'x', n_targets=1, aggregate_function=aggregate, base_values=[0.7], **forest(3, 4, 2, mixed, 'target', lambda t: [0]))], {'x': x}, ml=1)
    for aggregate in ['SUM', 'AVERAGE']:
        case(f'trees of targets {aggregate}', [ml('TreeEnsembleRegressor', 'x', n_targets=3, aggregate_function=aggregate, base_values=[0.7, 0.1, -0.5], **forest(3, 4, 2, mixed, 'target', lambda t: [0, 1, 2]))], {'x': x}, ml=1)
    case('trees, each for one target', [ml('TreeEnsembleRegressor', 'x', n_targets=3, **forest(3, 6, 2, mixed, 'target', lambda t: [t % 3]))], {'x': x}, ml=1)
    for transform in ['LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO']:
        case(f'trees of targets {transform}', [ml('TreeEnsembleRegressor', 'x', n_targets=2, post_transform=transform, **forest(3, 4, 2, mixed, 'target', lambda t: [t % 2]))], {'x': x}, ml=1)
    three = {'classlabels_strings': ['a', 'b', 'c']}
    for transform in ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO']:
        for base in [[], [0.3, -0.2, 0.1]]:
            case(f'classes {transform} {len(base)}', [ml('TreeEnsembleClassifier', 'x', 'l y', post_transform=transform, base_values=base or None, **three, **forest(3, 6, 2, mixed, 'class', lambda t: [t % 3]))], {'x': x}, outputs=['l', 'y'], types={'l': T.STRING}, ml=1)
    case('two classes of words', [ml('TreeEnsembleClassifier', 'x', 'l y', post_transform='LOGISTIC', classlabels_strings=['a', 'b'], **forest(3, 4, 2, mixed, 'class', lambda t: [0, 1]))], {'x': x}, outputs=['l', 'y'], types={'l': T.STRING}, ml=1)
    case('classes in each leaf', [ml('TreeEnsembleClassifier', 'x', 'l y', **three, **forest(3, 4, 2, mixed, 'class', lambda t: [0, 1, 2], positive=True))], {'x': x}, outputs=['l', 'y'], types={'l': T.STRING}, ml=1)
    case('double trees', [ml('TreeEnsembleRegressor', 'x', n_targets=1, **forest(3, 4, 2, mixed, 'target', lambda t: [0]))], {'x': x.astype(np.float64)}, ml=3)
    arrays = forest(3, 4, 2, mixed, 'target', lambda t: [0])
    doubles = {'nodes_values', 'target_weights'}
    tensors = {f'{key}_as_tensor': h.make_tensor(key, T.DOUBLE, [len(arrays[key])], arrays[key]) for key in doubles}
    case('double trees as tensors', [ml('TreeEnsembleRegressor', 'x', n_targets=1, base_values_as_tensor=h.make_tensor('b', T.DOUBLE, [1], [0.1]), **{k: v for k, v in arrays.items() if k not in doubles}, **tensors)], {'x': x.astype(np.float64)}, ml=3)
    two = {'classlabels_int64s': [0, 1]}
    for ids, transforms, bases in [([0], ['NONE', 'LOGISTIC', 'SOFTMAX'], [[], [0.2]]), ([1], ['NONE', 'LOGISTIC', 'SOFTMAX'], [[]]), ([0, 1], ['NONE', 'LOGISTIC', 'SOFTMAX'], [[]])]:
        for transform in transforms:
            for base in bases:
                for positive in [False, True]:
                    case(f'two classes {ids} {transform} {base} {positive}', [ml('TreeEnsembleClassifier', 'x', 'l y', post_transform=transform, base_values=base or None, **two,
                         **forest(3, 2, 1, mixed, 'class', lambda t: ids, positive=positive))], {'x': x}, outputs=['l', 'y'], types={'l': T.INT64}, ml=1, refused=len(ids) == 2 and positive)
    case('two classes, more base_values', [ml('TreeEnsembleClassifier', 'x', 'l y', base_values=[0.1, 0.2], **two, **forest(3, 2, 1, mixed, 'class', lambda t: [0]))], {'x': x}, outputs=['l', 'y'], types={'l': T.INT64}, ml=1, refused=True)
    case('LabelEncoder NaN', [ml('LabelEncoder', 'x', keys_tensor=h.make_tensor('k', T.FLOAT, [2], [float('nan'), 0.5]), values_tensor=h.make_tensor('v', T.INT64, [2], [8, 9]), default_tensor=h.make_tensor('d', T.INT64, [1], [-5]))], {'x': holes}, types={'y': T.INT64}, ml=4)
    for aggregate in range(4):
        for kind in [np.float32, np.float64]:
            case(f'TreeEnsemble {aggregate} {kind.__name__}', [ml('TreeEnsemble', 'x', aggregate_function=aggregate, **five(3, 3, 2, 1, kind))], {'x': x.astype(kind)}, types={'y': type_of(x.astype(kind))}, ml=5)
    for transform in range(4):
        case(f'TreeEnsemble of targets {transform}', [ml('TreeEnsemble', 'x', post_transform=transform, **five(3, 4, 2, 2, np.float32))], {'x': x}, ml=5, refused=transform in (1, 2))
    case('TreeEnsemble of a leaf', [ml('TreeEnsemble', 'x', n_targets=1, tree_roots=[0], nodes_modes=h.make_tensor('m', T.UINT8, [1], [0]), nodes_splits=h.make_tensor('s', T.FLOAT, [1], [0.0]), nodes_featureids=[0], nodes_truenodeids=[0], nodes_falsenodeids=[0],
         nodes_trueleafs=[1], nodes_falseleafs=[1], leaf_targetids=[0], leaf_weights=h.make_tensor('w', T.FLOAT, [1], [2.5]))], {'x': x}, ml=5)
    case('TreeEnsemble of members', [ml('TreeEnsemble', 'x', n_targets=1, tree_roots=[0], nodes_modes=h.make_tensor('m', T.UINT8, [2], [6, 6]), nodes_splits=h.make_tensor('s', T.FLOAT, [2], [0.0, 0.0]), nodes_featureids=[0, 1], nodes_truenodeids=[0, 1], nodes_falsenodeids=[1, 2],
         nodes_trueleafs=[1, 1], nodes_falseleafs=[0, 1], leaf_targetids=[0, 0, 0], leaf_weights=h.make_tensor('w', T.FLOAT, [3], [1.0, 10.0, 100.0]), membership_values=h.make_tensor('v', T.FLOAT, [6], [1.0, 2.0, float('nan'), 0.0, -1.0, float('nan')]))], {'x': np.round(x)}, ml=5)


def five(features, trees, depth, targets, kind):
    """Arrays of TreeEnsemble: trees of full depth."""
    inner, element = 2 ** depth - 1, T.FLOAT if kind == np.float32 else T.DOUBLE
    count = trees * inner
    roots = [t * inner for t in range(trees)]
    child = [(t, 2 * i + side) for side in (1, 2) for t in range(trees) for i in range(inner)]
    ids = [t * inner + c if c < inner else t * (inner + 1) + c - inner for t, c in child]
    leafs = [int(c >= inner) for _, c in child]
    leaves = trees * (inner + 1)
    return {'n_targets': targets, 'tree_roots': roots, 'nodes_modes': h.make_tensor('m', T.UINT8, [count], [int(random.integers(6)) for _ in range(count)]), 'nodes_featureids': [int(random.integers(features)) for _ in range(count)],
            'nodes_splits': h.make_tensor('s', element, [count], np.round(random.normal(size=count), 1).tolist()), 'nodes_truenodeids': ids[:count], 'nodes_falsenodeids': ids[count:], 'nodes_trueleafs': leafs[:count], 'nodes_falseleafs': leafs[count:],
            'leaf_targetids': [i // (inner + 1) % targets for i in range(leaves)], 'leaf_weights': h.make_tensor('w', element, [leaves], random.normal(size=leaves).astype(np.float32).tolist())}


def recurrent():
    steps, width, hidden = 3, 2, 4
    for op, gates in [('RNN', 1), ('LSTM', 4), ('GRU', 3)]:
        for direction in ['forward', 'reverse', 'bidirectional']:
            d = 2 if direction == 'bidirectional' else 1
            outputs = 'a h c' if op == 'LSTM' else 'a h'
            case(f'{op} {direction}', [node('Transpose', 'x', 't', perm=[1, 0, 2]), node(op, 't w r b', outputs, hidden_size=hidden, direction=direction), node('Transpose', 'a', 'p', perm=[2, 0, 1, 3]), node('Flatten', 'p', 'q'),
                 *([node('Transpose', 'c', 'e', perm=[1, 0, 2]), node('Flatten', 'e', 'f')] if op == 'LSTM' else [node('Transpose', 'h', 'e', perm=[1, 0, 2]), node('Flatten', 'e', 'f')]), node('Concat', 'q f', axis=1)],
                 {'x': column(steps, width, special=False)}, {'w': f32(d, gates * hidden, width), 'r': f32(d, gates * hidden, hidden), 'b': f32(d, 2 * gates * hidden)})
    case('GRU reset after', [node('Transpose', 'x', 't', perm=[1, 0, 2]), node('GRU', 't w r b', 'a b2', hidden_size=hidden, linear_before_reset=1), node('Squeeze', 'b2 z')], {'x': column(steps, width, special=False)},
         {'w': f32(1, 3 * hidden, width), 'r': f32(1, 3 * hidden, hidden), 'b': f32(1, 6 * hidden), 'z': np.array([0])})
    case('LSTM begun', [node('Transpose', 'x', 't', perm=[1, 0, 2]), node('Shape', 'x', 's', start=0, end=1), node('Concat', 'one s four', 'k', axis=0), node('ConstantOfShape', 'k', 'h', value=h.make_tensor('v', T.FLOAT, [1], [0.5])),
         node('LSTM', 't w r b  h h', 'a b2', hidden_size=hidden), node('Squeeze', 'b2 z')], {'x': column(steps, width, special=False)},
         {'w': f32(1, 4 * hidden, width), 'r': f32(1, 4 * hidden, hidden), 'b': f32(1, 8 * hidden), 'z': np.array([0]), 'one': np.array([1]), 'four': np.array([hidden])})


elements()
recurrent()
moving()
reducing()
networks()
classical()
trees()
sys.stdout.write('[\n' + ',\n'.join(json.dumps(item, ensure_ascii=False) for item in cases) + '\n]\n')
