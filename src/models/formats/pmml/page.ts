import type { FormatPage } from '../page.ts'

export const page: FormatPage = {
  tested: 'sklearn2pmml 0.133 (scikit-learn 1.8, XGBoost, LightGBM), and 301 documents written by hand, beside JPMML-Evaluator 1.7.7',
  supported: [
    ['models', 'RegressionModel, GeneralRegressionModel with Cox regression, TreeModel, MiningModel (sums, means, medians, votes, the first that fits, chains; conditions), NeuralNetwork, SupportVectorMachineModel, ClusteringModel by centres, NearestNeighborModel, NaiveBayesModel, Scorecard with reason codes, RuleSetModel, AnomalyDetectionModel, AssociationModel whose items are columns'],
    ['fields', 'float, double, integer, string, boolean; categories, intervals, invalid and missing values; missing, invalid and outlying values treated as the mining schema says'],
    ['transformations', 'Constant, FieldRef, NormContinuous, NormDiscrete, Discretize, MapValues, Apply with the built-in functions of numbers and truths, DefineFunction; derived fields, local and global'],
    ['also', 'targets that are rescaled, bounded or rounded; output fields: predicted value, probability, entity, affinity, transformed value, decision'],
  ],
  refused: [
    ['refused', 'dates and functions of texts; several models in one document; AssociationModel over records of one item each (a record is one row of columns, not a basket); contrast matrices; links of more than two classes but softmax, simplemax and logit; the display values, ids of tree nodes and single segments as outputs; the largest or the middle of classes; BayesianNetwork, GaussianProcess, Text, TimeSeries and Sequence models; weighted confidence and aggregated nodes of trees; similarities in place of distances; document types (`<!DOCTYPE`), other encodings than UTF-8 and UTF-16'],
  ],
  notes: [
    ['passed over', '`Extension`, statistics, explanations, verification records, names for people'],
  ],
  exports: [
    {
      language: 'python', text: [
        'from sklearn2pmml import sklearn2pmml               # scikit-learn, XGBoost and LightGBM in its pipelines',
        'from sklearn2pmml.pipeline import PMMLPipeline',
        'sklearn2pmml(PMMLPipeline([("model", model)]).fit(X, y), "eta.pmml")',
      ].join('\n'),
    },
    { language: 'r', text: 'r2pmml::r2pmml(model, "eta.pmml")                   # or: XML::saveXML(pmml::pmml(model), "eta.pmml")' },
  ],
}
