import type { FormatPage } from '../page.ts'

export const page: FormatPage = {
  tested: 'ONNX Runtime 1.31 and 1.32; files of skl2onnx 1.19 and 1.20, tf2onnx 1.17, onnxmltools 1.16 (XGBoost, LightGBM), CatBoost 1.2, PyTorch 2.4. ai.onnx up to 24, ai.onnx.ml up to 5',
  supported: [
    ['ai.onnx.ml', 'TreeEnsembleClassifier, TreeEnsembleRegressor, TreeEnsemble; LinearClassifier, LinearRegressor, SVMClassifier with its probabilities, SVMRegressor; Scaler, Normalizer, Imputer, Binarizer; OneHotEncoder, LabelEncoder, CategoryMapper, ArrayFeatureExtractor, FeatureVectorizer, ZipMap'],
    ['layers', 'MatMul, Gemm, Conv, MaxPool, AveragePool, GlobalAveragePool, GlobalMaxPool, RNN, LSTM, GRU; BatchNormalization, LayerNormalization, InstanceNormalization, GroupNormalization, LpNormalization; Dropout'],
    ['activations', 'Relu, LeakyRelu, PRelu, ThresholdedRelu, Elu, Selu, Celu, Gelu, Mish, Swish, HardSwish, Sigmoid, HardSigmoid, Tanh, Softplus, Softsign, Softmax, LogSoftmax, Clip'],
    ['arithmetic', 'Add, Sub, Mul, Div, Mod, Pow, Sum, Mean, Min, Max, Abs, Neg, Sign, Floor, Ceil, Round, Reciprocal, Sqrt, Exp, Log, Erf, Sin, Cos, Tan and their inverses, Sinh, Cosh; Equal, Less, Greater (OrEqual), And, Or, Xor, Not, IsNaN, Where, Cast'],
    ['along an axis', 'ReduceSum, ReduceMean, ReduceMax, ReduceMin, ReduceProd, ReduceL1, ReduceL2, ReduceSumSquare, ReduceLogSum, ReduceLogSumExp, ArgMax, ArgMin, TopK, CumSum'],
    ['moving', 'Identity, Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Expand, Tile, Concat, Split, Slice, Gather, GatherElements, Pad, OneHot, Shape, Size, Range, Constant, ConstantOfShape'],
  ],
  refused: [
    ['refused', 'all other operators and attributes (Einsum, Resize, ConvTranspose, ...); If, Loop, and every Scan but that of distances (nearest neighbours of skl2onnx); functions, sequences, quantized or float16 weights, weights in other files; what mixes rows, and shapes that are not fixed after the first dimension'],
    ['refused, for ONNX Runtime and the specification differ', 'two classes that both have weights in a TreeEnsembleClassifier, or two `base_values`; `post_transform` 1 and 2 of TreeEnsemble'],
  ],
  exports: [
    {
      language: 'python', text: [
        'from skl2onnx import to_onnx                        # scikit-learn; a ZipMap may stay or go',
        'open("eta.onnx", "wb").write(to_onnx(pipeline, X[:1]).SerializeToString())',
        '# columns of several types: initial_types=[("city", StringTensorType([None, 1])), ("amount", FloatTensorType([None, 1]))]',
      ].join('\n'),
    },
    {
      language: 'python', text: [
        'from onnxmltools import convert_xgboost             # convert_lightgbm; their own files lose nothing',
        'from onnxmltools.convert.common.data_types import FloatTensorType',
        'open("eta.onnx", "wb").write(convert_xgboost(booster, initial_types=[("X", FloatTensorType([None, 10]))]).SerializeToString())',
      ].join('\n'),
    },
    {
      language: 'python', text: [
        'import tf2onnx                                      # Keras',
        'spec = [tf.TensorSpec([None, *model.input_shape[1:]], tf.float32)]',
        'tf2onnx.convert.from_keras(model, input_signature=spec, output_path="eta.onnx")',
      ].join('\n'),
    },
    {
      language: 'python', text: [
        'import torch                                        # PyTorch',
        'model.eval()',
        'torch.onnx.export(model, torch.zeros(1, 10), "eta.onnx", dynamic_axes={"input": {0: "rows"}}, input_names=["input"], dynamo=False)',
      ].join('\n'),
    },
  ],
}
