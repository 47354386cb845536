/* How models that are not read become ones that are: lines to be run where the model can be loaded. */

const python = (...lines: readonly string[]): string => `in Python, where it can be loaded:\n${lines.map(line => `          ${line}`).join('\n')}`

export interface Library {
  /** As people call it. */
  readonly name: string
  /** From the object to a file that is read. `model` is the object, `X` a table of its inputs. */
  readonly lines: readonly string[]
  readonly note?: string
}

const onnxOf = ['from skl2onnx import to_onnx', 'open("model.onnx", "wb").write(to_onnx(model, X[:1].astype("float32")).SerializeToString())']
const torch = ['import torch', 'torch.onnx.export(model.eval(), torch.zeros(1, N), "model.onnx")     # N inputs']

/** By the package that a pickle names first, which is that of the object itself. */
export const libraries: { readonly [module: string]: Library } = {
  sklearn: { name: 'scikit-learn', lines: onnxOf, note: 'or as PMML, which keeps all digits: sklearn2pmml(model, "model.pmml")' },
  imblearn: { name: 'imbalanced-learn', lines: onnxOf },
  xgboost: { name: 'XGBoost', lines: ['model.save_model("model.json")'] },
  lightgbm: { name: 'LightGBM', lines: ['getattr(model, "booster_", model).save_model("model.txt")'] },
  catboost: { name: 'CatBoost', lines: ['model.save_model("model.json", format="json", pool=train)'] },
  keras: { name: 'Keras', lines: ['model.export("saved")', '# then: python -m tf2onnx.convert --saved-model saved --output model.onnx'] },
  torch: { name: 'PyTorch', lines: torch },
  statsmodels: { name: 'statsmodels', lines: [], note: 'it has no export that is read; a linear model of its coefficients in scikit-learn has' },
  river: { name: 'River', lines: [], note: 'it has no export that is read' },
  h2o: { name: 'H2O', lines: [], note: 'its models have no export that is read; XGBoost models of H2O have one in XGBoost itself' },
}
// c: the opcode of a class in the older protocols
export const moduleIn = (text: string): string | undefined => /(?:^|[^a-z0-9_])c?(sklearn|imblearn|xgboost|lightgbm|catboost|keras|torch|statsmodels|river|h2o)[._]/.exec(text)?.[1]

/** From an object that was loaded to a file that is read. */
export function exported(load: readonly string[], { lines, note }: Library): string {
  if (lines.length === 0) return note!
  return python(...load, ...lines) + (note === undefined ? '' : `\n        ${note}`)
}
export const pickled = (file: string, compressed: boolean): readonly string[] =>
  compressed || file.endsWith('.joblib') ? ['import joblib', `model = joblib.load(${JSON.stringify(file)})`] : ['import pickle', `model = pickle.load(open(${JSON.stringify(file)}, "rb"))`]

export const keras = (file: string): string => python('import keras', `keras.models.load_model(${JSON.stringify(file)}).export("saved")`, '# then: python -m tf2onnx.convert --saved-model saved --output model.onnx')
export const savedModel = (folder: string): string => `convert it: python -m tf2onnx.convert --saved-model ${folder} --output model.onnx     (pip install tf2onnx)`
export const torchScript = (file: string): string => python('import torch', `model = torch.jit.load(${JSON.stringify(file)}).eval()`, 'torch.onnx.export(model, torch.zeros(1, N), "model.onnx", dynamo=False)     # N inputs')
export const torchWeights = (file: string): string => python('import torch                                     # model: an object of its class, with these weights', `model.load_state_dict(torch.load(${JSON.stringify(file)}))`, 'torch.onnx.export(model.eval(), torch.zeros(1, N), "model.onnx")     # N inputs')
export const safeTensors = (file: string): string => python('from safetensors.torch import load_file          # model: an object of its class, with these weights', `model.load_state_dict(load_file(${JSON.stringify(file)}))`, 'torch.onnx.export(model.eval(), torch.zeros(1, N), "model.onnx")     # N inputs')
