"""Small PMML documents, one per rule of the specification that exporters of scikit-learn never use, and rows for them.

usage: make-pmml-more.py OUT_DIR [NAME...]    writes OUT_DIR/<name>/{model.pmml,inputs.csv}; make-pmml.java writes what JPMML answers beside them
"""
import csv, pathlib, random, sys

DOCUMENTS = {}
ROWS = 120

# fields: name -> (type, sampler); a sampler has '' among its values where the model has a rule for what is missing
def number(low, high, missing=0.08, digits=3, extremes=()):
    def sample(r):
        u = r.random()
        if u < missing: return ''
        if u < missing + 0.06 and extremes: return r.choice(extremes)
        return repr(round(r.uniform(low, high), digits))
    return sample
def integer(low, high, missing=0.08):
    return lambda r: '' if r.random() < missing else str(r.randint(low, high))
def word(*words, missing=0.08):
    return lambda r: '' if r.random() < missing else r.choice(words)

def data_field(name, kind, values=(), inside='', optype=None):
    optype = optype or ('categorical' if kind in ('string', 'boolean') else 'continuous')
    return f'<DataField name="{name}" optype="{optype}" dataType="{kind}">' + ''.join(f'<Value value="{v}"/>' for v in values) + inside + '</DataField>'

def add(name, fields, model, before='', version='4.4'):
    """fields: list of (name, xml of DataField, sampler or None)."""
    DOCUMENTS[name] = dict(fields=fields, model=model, before=before, version=version)

X = [(n, data_field(n, 'double'), number(-3, 3, extremes=('0', '1', '-1', '1e6', '-1e6'))) for n in ('x1', 'x2', 'x3')]
C = ('c', data_field('c', 'string', 'abc'), word('a', 'b', 'c'))
D = ('d', data_field('d', 'string', ('red', 'green', 'dark blue')), word('red', 'green', 'dark blue'))
Y = ('y', data_field('y', 'double'), None)
YC = ('y', data_field('y', 'string', ('no', 'yes')), None)
YM = ('y', data_field('y', 'string', ('low', 'mid', 'high')), None)
YO = ('y', data_field('y', 'string', ('low', 'mid', 'high'), optype='ordinal'), None)
def schema(*names, target='y', **treatments):
    return '<MiningSchema>' + (f'<MiningField name="{target}" usageType="target"/>' if target else '') + ''.join(f'<MiningField name="{n}" {treatments.get(n, "")}/>' for n in names) + '</MiningSchema>'
def output(*fields):
    return '<Output>' + ''.join(fields) + '</Output>'
def out(name, feature, dtype='double', **more):
    inside = more.pop('inside', '')
    return f'<OutputField name="{name}" optype="{"categorical" if dtype in ("string", "boolean") else "continuous"}" dataType="{dtype}" feature="{feature}"' + ''.join(f' {k}="{v}"' for k, v in more.items()) + f'>{inside}</OutputField>'
def probabilities(*classes): return output(*(out(f'p_{c}', 'probability', value=c) for c in classes))

# ---- general regression: https://dmg.org/pmml/v4-4-1/GeneralRegression.html
def general(kind, inside, function='regression', attributes='', extra=('x1', 'x2', 'c'), outputs='', treatments=None):
    return f'<GeneralRegressionModel functionName="{function}" modelType="{kind}" {attributes}>{schema(*extra, **(treatments or {}))}{outputs}{inside}</GeneralRegressionModel>'
def parameters(*names): return '<ParameterList>' + ''.join(f'<Parameter name="{n}" label="{n}"/>' for n in names) + '</ParameterList>'
LISTS = parameters('p0', 'p1', 'p2', 'p3', 'p4', 'p5') + '<FactorList><Predictor name="c"/></FactorList><CovariateList><Predictor name="x1"/><Predictor name="x2"/></CovariateList>'
PP = '<PPMatrix><PPCell value="1" predictorName="x1" parameterName="p1"/><PPCell value="2" predictorName="x2" parameterName="p2"/><PPCell value="a" predictorName="c" parameterName="p3"/><PPCell value="b" predictorName="c" parameterName="p4"/><PPCell value="b" predictorName="c" parameterName="p5"/><PPCell value="1" predictorName="x1" parameterName="p5"/></PPMatrix>'
def params(betas, category=None):
    return ''.join(f'<PCell {"" if category is None else f"targetCategory={chr(34)}{category}{chr(34)} "}parameterName="{p}" df="1" beta="{b}"/>' for p, b in betas.items())
BETAS = dict(p0=0.7, p1=-0.31, p2=0.083, p3=1.1, p4=-0.45, p5=0.27)
ONE = f'<ParamMatrix>{params(BETAS)}</ParamMatrix>'
F = [X[0], X[1], C]
add('glm-regression', F + [Y], general('regression', LISTS + PP + ONE))
add('glm-linear', F + [Y], general('generalLinear', LISTS + PP + ONE))
O = ('o', data_field('o', 'double'), number(-1, 1, missing=0))
T = ('t', data_field('t', 'integer'), integer(1, 20, missing=0))
for link, more in dict(log='', logc='', logit='', probit='', cloglog='', loglog='').items():
    small = {k: v * 0.3 for k, v in BETAS.items()}
    add(f'glm-link-{link}', F + [O, T, Y], general('generalizedLinear', LISTS + PP + f'<ParamMatrix>{params(small)}</ParamMatrix>', attributes=f'linkFunction="{link}" {more}' + (' distribution="binomial" offsetVariable="o" trialsVariable="t"' if link in ('logit', 'log', 'probit') else ' offsetValue="0.25"' if link == 'cloglog' else ' trialsValue="7"' if link == 'loglog' else ''), extra=('x1', 'x2', 'c', 'o', 't')))
for link in ('logit', 'probit', 'cloglog', 'loglog', 'cauchit'):
    add(f'glm-ordinal-{link}', F + [O, YO], general('ordinalMultinomial', LISTS + PP + f'<ParamMatrix>{params(dict(p0=-0.6), "low")}{params(dict(p0=0.9), "mid")}{params({k: v for k, v in BETAS.items() if k != "p0"})}</ParamMatrix>', 'classification', f'cumulativeLink="{link}"' + (' offsetVariable="o"' if link == 'logit' else ''), extra=('x1', 'x2', 'c', 'o')))
two = params(BETAS, 'high') + params({k: -v / 2 for k, v in BETAS.items()}, 'low')
SMALL = [(n, xml, number(-3, 3)) for n, xml, _ in X]
F = [SMALL[0], SMALL[1], C]
add('glm-multinomial', F + [YM], general('multinomialLogistic', LISTS + PP + f'<ParamMatrix>{two}</ParamMatrix>', 'classification', outputs=probabilities('low', 'mid', 'high')))
add('glm-multinomial-reference', F + [YM], general('multinomialLogistic', LISTS + PP + f'<ParamMatrix>{params(BETAS, "mid")}{params({k: -v / 2 for k, v in BETAS.items()}, "high")}</ParamMatrix>', 'classification', 'targetReferenceCategory="low"'))
add('glm-multinomial-binary', F + [YC], general('multinomialLogistic', LISTS + PP + f'<ParamMatrix>{params(BETAS)}</ParamMatrix>', 'classification', 'targetReferenceCategory="no"'))
add('glm-multinomial-own-parameters', F + [YM], general('multinomialLogistic', LISTS + PP.replace('</PPMatrix>', '<PPCell targetCategory="high" value="1" predictorName="x1" parameterName="p1"/><PPCell targetCategory="high" value="a" predictorName="c" parameterName="p3"/></PPMatrix>') + f'<ParamMatrix>{params(dict(p0=0.3, p1=0.4, p3=-1.2), "high")}{params(BETAS, "low")}</ParamMatrix>', 'classification'))
for reference in ('no', 'yes'):
    add(f'glm-binomial-{reference}', F + [O, YC], general('generalizedLinear', LISTS + PP + ONE.replace('<PCell ', f'<PCell targetCategory="{"yes" if reference == "no" else "no"}" '), 'classification', f'linkFunction="logit" distribution="binomial" targetReferenceCategory="{reference}" offsetVariable="o"', extra=('x1', 'x2', 'c', 'o'), outputs=probabilities('yes', 'no')))
add('glm-empty-matrix', F + [Y], general('generalLinear', parameters('p0') + '<PPMatrix/>' + f'<ParamMatrix>{params(dict(p0=3.25))}</ParamMatrix>'))
add('glm-replaced', F + [Y], general('generalLinear', LISTS + PP + ONE, treatments=dict(x1='missingValueReplacement="0.5"', x2='missingValueReplacement="-1"', c='missingValueReplacement="b"')))
add('glm-invalid', [X[0], X[1], ('c', data_field('c', 'string', 'abc'), word('a', 'b', 'c', 'z')), Y], general('generalLinear', LISTS + PP + ONE, treatments=dict(c='invalidValueTreatment="asMissing" missingValueReplacement="a"')))
add('glm-covariate-roots', [('x1', data_field('x1', 'double'), number(0, 9)), X[1], C, Y], general('generalLinear', LISTS + PP.replace('value="1" predictorName="x1" parameterName="p1"', 'value="0.5" predictorName="x1" parameterName="p1"') + ONE))
add('glm-numeric-factor', [X[0], ('k', data_field('k', 'integer', ('1', '2', '3'), optype='categorical'), integer(1, 3)), Y], general('generalLinear', parameters('p0', 'p1', 'p2') + '<FactorList><Predictor name="k"/></FactorList><CovariateList><Predictor name="x1"/></CovariateList><PPMatrix><PPCell value="2" predictorName="k" parameterName="p1"/><PPCell value="1" predictorName="x1" parameterName="p2"/><PPCell value="3" predictorName="k" parameterName="p2"/></PPMatrix>' + f'<ParamMatrix>{params(dict(p0=1, p1=2.5, p2=-0.75))}</ParamMatrix>', extra=('x1', 'k')))

# ---- scorecards: https://dmg.org/pmml/v4-4-1/Scorecard.html
def simple(field, operator, value=None): return f'<SimplePredicate field="{field}" operator="{operator}"' + (f' value="{value}"' if value is not None else '') + '/>'
def both(how, *parts): return f'<CompoundPredicate booleanOperator="{how}">' + ''.join(parts) + '</CompoundPredicate>'
def attribute(predicate, score=None, code=None, inside=''): return '<Attribute' + (f' reasonCode="{code}"' if code else '') + (f' partialScore="{score}"' if score is not None else '') + f'>{predicate}{inside}</Attribute>'
DEPARTMENT = lambda codes: '<Characteristic name="departmentScore" reasonCode="RC1" baselineScore="19">' + attribute(simple('department', 'isMissing'), -9, 'RC1_1' if codes else None) + attribute(simple('department', 'equal', 'marketing'), 19) + attribute(simple('department', 'equal', 'engineering'), 3, 'RC1_2' if codes else None) + attribute('<SimpleSetPredicate field="department" booleanOperator="isIn"><Array n="2" type="string">business "human resources"</Array></SimpleSetPredicate>', 6) + attribute('<True/>', 0) + '</Characteristic>'
AGE = '<Characteristic name="ageScore" reasonCode="RC2" baselineScore="18">' + attribute(simple('age', 'isMissing'), -1, 'RC2_1') + attribute(simple('age', 'lessOrEqual', 18), -3) + attribute(both('and', simple('age', 'greaterThan', 18), simple('age', 'lessOrEqual', 29)), 0, 'RC2_2') + attribute(both('and', simple('age', 'greaterThan', 29), simple('age', 'lessOrEqual', 39)), 12.5) + attribute(simple('age', 'greaterThan', 39), 18) + '</Characteristic>'
INCOME = '<Characteristic name="incomeScore" reasonCode="RC3" baselineScore="10">' + attribute(simple('income', 'isMissing'), 5, 'RC3_1') + attribute(simple('income', 'lessOrEqual', 1000), 26, 'RC3_2', ) + attribute(simple('income', 'lessOrEqual', 2500), None, None, '<ComplexPartialScore><Apply function="+"><Apply function="*"><Constant dataType="double">0.03</Constant><FieldRef field="income"/></Apply><Constant dataType="double">-11</Constant></Apply></ComplexPartialScore>') + attribute('<True/>', 3) + '</Characteristic>'
SF = [('department', data_field('department', 'string'), word('marketing', 'engineering', 'business', 'human resources', 'sales')), ('age', data_field('age', 'integer'), integer(10, 60)), ('income', data_field('income', 'double'), number(0, 4000, extremes=('1000', '2500', '1e9'))), ('y', data_field('y', 'double'), None)]
CODES = output(out('final', 'predictedValue'), *(out(f'reason{i}', 'reasonCode', 'string', rank=i) for i in (1, 2, 3)))
def card(attributes, characteristics, outputs='', target='y'): return f'<Scorecard functionName="regression" {attributes}>{schema("department", "age", "income", target=target)}{outputs}<Characteristics>{characteristics}</Characteristics></Scorecard>'
for algorithm in ('pointsAbove', 'pointsBelow'):
    add(f'card-{algorithm}', SF, card(f'initialScore="10.5" useReasonCodes="true" reasonCodeAlgorithm="{algorithm}" baselineMethod="min"', DEPARTMENT(True) + AGE + INCOME, CODES))
add('card-no-codes', SF, card('useReasonCodes="false" initialScore="-3"', DEPARTMENT(False) + AGE + INCOME))
add('card-one-baseline', SF, card('initialScore="0" useReasonCodes="true" baselineScore="7"', (DEPARTMENT(True) + AGE + INCOME).replace(' baselineScore="19"', '').replace(' baselineScore="18"', '').replace(' baselineScore="10"', ''), CODES))
add('card-shared-codes', SF, card('initialScore="0" useReasonCodes="true" reasonCodeAlgorithm="pointsAbove"', (DEPARTMENT(False) + AGE + INCOME).replace('RC2_1', 'RC1').replace('RC3_1', 'RC1').replace('RC3_2', 'RC2'), CODES))
add('card-nothing-fits', SF[1:], card('initialScore="1" useReasonCodes="false"', AGE.replace(attribute(simple('age', 'isMissing'), -1, 'RC2_1'), '') + INCOME).replace('<MiningField name="department" />', ''))
add('card-defaults', SF, card('', DEPARTMENT(True) + AGE + INCOME, CODES))
add('card-no-target', SF[:3], card('initialScore="2.25"', DEPARTMENT(True) + INCOME, output(out('score', 'predictedValue'), out('twice', 'transformedValue', inside='<Apply function="*"><FieldRef field="score"/><Constant>2</Constant></Apply>'), out('reason', 'reasonCode', 'string', rank=1)), target=None))

# ---- rule sets: https://dmg.org/pmml/v4-4-1/RuleSet.html
BP = ('BP', data_field('BP', 'string', ('HIGH', 'LOW', 'NORMAL')), word('HIGH', 'LOW', 'NORMAL'))
K = ('K', data_field('K', 'double'), number(0.02, 0.08, digits=4))
NA = ('Na', data_field('Na', 'double'), number(0.5, 0.9, digits=3))
AG = ('Age', data_field('Age', 'double'), number(15, 75, digits=0))
DRUG = ('drug', data_field('drug', 'string', ('drugA', 'drugB', 'drugC', 'drugX', 'drugY')), None)
def rule(name, score, predicate, weight, confidence): return f'<SimpleRule id="{name}" score="{score}" recordCount="79" nbCorrect="76" confidence="{confidence}" weight="{weight}">{predicate}<ScoreDistribution value="{score}" recordCount="3"/></SimpleRule>'
RULES = rule('RULE1', 'drugB', both('and', simple('BP', 'equal', 'HIGH'), simple('K', 'greaterThan', 0.045804001), simple('Age', 'lessOrEqual', 50), simple('Na', 'lessOrEqual', 0.7724)), 0.9, 0.9) \
    + rule('RULE2', 'drugA', both('and', simple('K', 'greaterThan', 0.057789), simple('BP', 'equal', 'HIGH'), simple('Age', 'lessOrEqual', 62)), 0.6, 0.65) \
    + rule('RULE3', 'drugB', simple('Na', 'greaterThan', 0.8), 0.55, 0.7) + rule('RULE4', 'drugX', simple('BP', 'equal', 'LOW'), 0.4, 0.8) + rule('RULE5', 'drugY', simple('K', 'lessThan', 0.05), 0.45, 0.75)
NESTED = f'<CompoundRule>{simple("BP", "equal", "HIGH")}<CompoundRule>{simple("Age", "lessOrEqual", 50)}{rule("RULE1", "drugB", simple("K", "greaterThan", 0.045), 0.9, 0.9)}{rule("RULE2", "drugA", simple("K", "greaterThan", 0.03), 0.1, 0.65)}</CompoundRule>{rule("RULE3", "drugA", simple("Na", "greaterThan", 0.6), 0.3, 0.65)}</CompoundRule>' + rule('RULE4', 'drugY', simple('K', 'lessThan', 0.05), 0.45, 0.75)
def rules(criterion, inside, attributes='defaultScore="drugY" defaultConfidence="0.25"', outputs=''):
    return f'<RuleSetModel functionName="classification" algorithmName="RuleSet">{schema("BP", "K", "Age", "Na", target="drug")}{outputs}<RuleSet recordCount="1000" nbCorrect="149" {attributes}><RuleSelectionMethod criterion="{criterion}"/>{inside}</RuleSet></RuleSetModel>'
RO = output(out('chosen', 'predictedValue', 'string'), out('confidence', 'confidence'), out('rule', 'entityId', 'string'))
RF = [BP, K, AG, NA, DRUG]
for criterion in ('firstHit', 'weightedSum', 'weightedMax'):
    if criterion == 'weightedMax':
        # JPMML compares confidences where the specification has weights: here both agree
        RULES = RULES.replace('confidence="0.7"', 'confidence="0.6"').replace('confidence="0.8"', 'confidence="0.3"').replace('confidence="0.75"', 'confidence="0.35"')
    add(f'ruleset-{criterion}', RF, rules(criterion, RULES, outputs=output(out('chosen', 'predictedValue', 'string'), out('conf', 'confidence'), out('conf_B', 'confidence', value='drugB'), out('conf_X', 'confidence', value='drugX'), out('conf_Y', 'confidence', value='drugY'))))
    add(f'ruleset-{criterion}-nested', RF, rules(criterion, NESTED, outputs=output(out('chosen', 'predictedValue', 'string'))))
    add(f'ruleset-{criterion}-id', RF, rules(criterion, RULES + rule('LAST', 'drugC', '<True/>', 0.01, 0.01), outputs=RO))

# ---- association rules: https://dmg.org/pmml/v4-4-1/AssociationRules.html
def basket(items, sets, rules, active, outputs, fields=None):
    made = ''.join(f'<Item id="{i}" {a}/>' for i, a in items.items()) + ''.join(f'<Itemset id="{i}" support="0.5" numberOfItems="{len(m)}">' + ''.join(f'<ItemRef itemRef="{r}"/>' for r in m) + '</Itemset>' for i, m in sets.items()) + ''.join(f'<AssociationRule {r}/>' for r in rules)
    return f'<AssociationModel functionName="associationRules" numberOfTransactions="4" numberOfItems="{len(items)}" minimumSupport="0.2" minimumConfidence="0.2" numberOfItemsets="{len(sets)}" numberOfRules="{len(rules)}">{schema(*active, target=None)}{outputs}{made}</AssociationModel>'
BOOLS = [(n, data_field(n, 'boolean'), word('true', 'false', missing=0.05)) for n in ('Cracker', 'Coke', 'Water', 'Nachos', 'Pear', 'Banana')]
ITEMS = {str(i + 1): f'value="{n}"' for i, (n, _, _) in enumerate(BOOLS)}
SETS = {'1': '1', '2': '3', '3': '12', '4': '24', '5': '346', '6': '5', '7': ''}
RULES_A = ['id="R1" support="0.8" confidence="1" lift="1.2" leverage="0.1" affinity="0.9" antecedent="1" consequent="2"', 'id="R2" support="0.7" confidence="0.7" lift="2" leverage="0.2" affinity="0.5" antecedent="1" consequent="6"', 'support="0.6" confidence="0.7" lift="1.5" leverage="0.3" affinity="0.6" antecedent="3" consequent="2"', 'support="0.9" confidence="0.75" lift="1.1" leverage="0.15" affinity="0.3" antecedent="4" consequent="5"', 'id="R5" support="0.3" confidence="0.6" lift="1.9" leverage="0.05" affinity="0.4" antecedent="2" consequent="4"', 'id="R6" support="0.2" confidence="0.9" lift="1" leverage="0.01" affinity="0.1" antecedent="7" consequent="6"']
def ranks(algorithm, basis='confidence', order='descending'):
    common = dict(algorithm=algorithm, rankBasis=basis, rankOrder=order)
    return output(out('rule1', 'ruleValue', 'string', ruleFeature='rule', rank=1, **common), out('id1', 'ruleValue', 'string', ruleFeature='ruleId', rank=1, **common), out('id2', 'entityId', 'string', rank=2, **common), out('id3', 'ruleValue', 'string', ruleFeature='ruleId', rank=3, **common), out('conf', 'confidence', rank=1, **common), out('lift2', 'ruleValue', ruleFeature='lift', rank=2, **common), out('id9', 'ruleValue', 'string', ruleFeature='ruleId', rank=9, **common))
for algorithm in ('recommendation', 'exclusiveRecommendation', 'ruleAssociation'):
    add(f'association-{algorithm}', BOOLS, basket(ITEMS, SETS, RULES_A, [n for n, _, _ in BOOLS], ranks(algorithm)))
for basis, order in (('support', 'ascending'), ('lift', 'descending'), ('leverage', 'descending'), ('affinity', 'ascending')):
    add(f'association-by-{basis}', BOOLS, basket(ITEMS, SETS, RULES_A, [n for n, _, _ in BOOLS], ranks('recommendation', basis, order)))
CATS = [('tf', data_field('tf', 'string', 'TF'), word('T', 'F')), ('colour', data_field('colour', 'string', ('red', 'green')), word('red', 'green')), ('size', data_field('size', 'string', ('S', 'M', 'L')), word('S', 'M', 'L')), ('n', data_field('n', 'integer', optype='categorical'), integer(0, 1))]
add('association-categories', CATS, basket({'a': 'value="tf"', 'b': 'value="colour=red"', 'c': 'value="any" field="size" category="M"', 'd': 'value="size=L"', 'e': 'value="colour=green"'}, {'s1': 'a', 's2': 'b', 's3': 'bc', 's4': 'd', 's5': 'ea'}, ['support="0.1" confidence="0.2" antecedent="s1" consequent="s2"', 'support="0.1" confidence="0.3" antecedent="s2" consequent="s4"', 'support="0.1" confidence="0.4" antecedent="s3" consequent="s1"', 'support="0.1" confidence="0.5" antecedent="s4" consequent="s5"'], ['tf', 'colour', 'size'], output(out('id1', 'ruleValue', 'string', ruleFeature='ruleId'), out('sup', 'support', algorithm='recommendation'))))

# ---- trees: https://dmg.org/pmml/v4-4-1/TreeModel.html
CM = lambda missing=0.12: ('c', data_field('c', 'string', ('red', 'green', 'blue')), word('red', 'green', 'blue', missing=missing))
A = ('a', data_field('a', 'double'), number(-3, 3, missing=0.12, extremes=('0', '1', '-1')))
B = ('b', data_field('b', 'double'), number(-3, 3, missing=0.12, extremes=('0', '1', '-1')))
I = ('i', data_field('i', 'integer'), integer(-5, 5, missing=0.12))
BO = ('t', data_field('t', 'boolean'), word('true', 'false', missing=0.12))
A0, B0, I0, C0, T0 = [(n, x, s) for n, x, s in (('a', A[1], number(-3, 3, missing=0, extremes=('0', '1', '-1'))), ('b', B[1], number(-3, 3, missing=0, extremes=('0', '1', '-1'))), ('i', I[1], integer(-5, 5, missing=0)), ('c', CM()[1], word('red', 'green', 'blue', missing=0)), ('t', BO[1], word('true', 'false', missing=0)))]
def tree(inside, function='regression', attributes='', names=('a', 'b', 'c', 'i', 't'), outputs='', extra='', target='y'):
    return f'<TreeModel functionName="{function}" {attributes}>{schema(*names, target=target)}{outputs}{extra}{inside}</TreeModel>'
def node(predicate, score=None, *kids, id=None, default=None, count=None, dist=None):
    d = '' if dist is None else ''.join(f'<ScoreDistribution value="{v}" recordCount="{n}"' + (f' confidence="{c}"' if c is not None else '') + '/>' for v, n, c in dist)
    return '<Node' + (f' id="{id}"' if id else '') + (f' score="{score}"' if score is not None else '') + (f' recordCount="{count}"' if count is not None else '') + (f' defaultChild="{default}"' if default else '') + '>' + predicate + d + ''.join(kids) + '</Node>'
def inset(field, how, kind, *words):
    words_ = ' '.join(f'"{w}"' if ' ' in str(w) else str(w) for w in words)
    return f'<SimpleSetPredicate field="{field}" booleanOperator="{how}"><Array n="{len(words)}" type="{kind}">{words_}</Array></SimpleSetPredicate>'
T_ = '<True/>'
ALL = [A, B, CM(), I, BO]
def d3(a, b, c, conf=False): return [('low', a, 0.7 if conf else None), ('mid', b, 0.2 if conf else None), ('high', c, 0.1 if conf else None)]
PRED = {
 'in-int': inset('i', 'isIn', 'int', -1, 0, 3), 'notin-int': inset('i', 'isNotIn', 'int', -1, 0, 3), 'in-str': inset('c', 'isIn', 'string', 'red', 'blue'), 'notin-str': inset('c', 'isNotIn', 'string', 'red', 'blue'),
 'in-real': inset('a', 'isIn', 'real', 0, 1, -1), 'eq-int': simple('i', 'equal', 2), 'ne-int': simple('i', 'notEqual', 2), 'eq-bool': simple('t', 'equal', 'true'), 'ne-bool': simple('t', 'notEqual', 'true'), 'eq-str': simple('c', 'equal', 'red'), 'ne-str': simple('c', 'notEqual', 'red'),
 'missing': simple('a', 'isMissing'), 'notmissing': simple('c', 'isNotMissing'),
 'and': both('and', simple('a', 'greaterThan', 0), simple('b', 'lessThan', 1), simple('c', 'notEqual', 'red')), 'or': both('or', simple('a', 'greaterThan', 0), simple('b', 'lessThan', -1), simple('c', 'equal', 'red')), 'xor': both('xor', simple('a', 'greaterThan', 0), simple('b', 'lessThan', 1), simple('t', 'equal', 'true')),
 'surrogate': both('surrogate', simple('a', 'greaterThan', 0), simple('b', 'lessThan', 1), simple('c', 'equal', 'red'), '<False/>'), 'surrogate-true': both('surrogate', simple('a', 'greaterThan', 0), T_),
 'nested': both('or', both('and', simple('a', 'greaterThan', 0), both('surrogate', simple('b', 'lessThan', 1), simple('i', 'greaterOrEqual', 0))), both('xor', simple('t', 'equal', 'true'), simple('c', 'equal', 'red'))), 'false': '<False/>',
}
NARY = node(T_, 'mid', node(simple('a', 'lessThan', -1), 'low', count=30, id='n1', dist=d3(20, 6, 4)), node(simple('a', 'lessThan', 0), 'mid', node(simple('b', 'lessThan', 0), 'high', id='n5', count=15, dist=d3(2, 3, 10)), node(simple('b', 'lessThan', 1.5), 'mid', id='n6', count=10, dist=d3(3, 4, 3)), count=25, id='n2', default='n6', dist=d3(5, 7, 13)), node(simple('a', 'greaterOrEqual', 0), 'high', count=45, id='n3', dist=d3(5, 10, 30)), count=100, id='n0', default='n3', dist=d3(30, 23, 47))
TO = output(out('pred', 'predictedValue', 'string'), out('p_low', 'probability', value='low'), out('p_mid', 'probability', value='mid'), out('p_high', 'probability', value='high'), out('node', 'entityId', 'string'))
for name, predicate in PRED.items():
    for strategy in ('none', 'lastPrediction', 'nullPrediction', 'defaultChild') if name in ('in-str', 'and', 'surrogate', 'nested') else ('none',):
        add(f'node-{name}-{strategy}', ALL + [Y], tree(node(T_, 0, node(predicate, 1, node(simple('b', 'lessThan', 0), 3, id='n3'), node(simple('b', 'greaterOrEqual', 0), 4, id='n4'), id='n1', default='n4'), node(simple('a', 'lessOrEqual', -1), 2, id='n2'), node(simple('a', 'lessOrEqual', 2), 5, id='n5'), id='n0', default='n2'), attributes=f'missingValueStrategy="{strategy}" noTrueChildStrategy="returnLastPrediction"'))
for strategy in ('none', 'lastPrediction', 'nullPrediction', 'defaultChild'):
    for ntc in ('returnNullPrediction', 'returnLastPrediction'):
        add(f'classes-{strategy}-{ntc}', [A, B, YM], tree(NARY, 'classification', f'missingValueStrategy="{strategy}" noTrueChildStrategy="{ntc}"', ('a', 'b')))
add('classes-root-predicate', [A, B, YM], tree(node(simple('a', 'greaterThan', 0), 'high', dist=d3(2, 6, 40)), 'classification', '', ('a', 'b')))
add('classes-root-predicate-last', [A, B, YM], tree(node(simple('a', 'greaterThan', 0), 'high', dist=d3(2, 6, 40)), 'classification', 'missingValueStrategy="lastPrediction" noTrueChildStrategy="returnLastPrediction"', ('a', 'b')))
add('node-int-target', [A, B, ('y', data_field('y', 'integer'), None)], tree(node(T_, 0, node(simple('a', 'lessThan', -1), 1, id='left'), node(T_, 2), id='root'), 'regression', '', ('a', 'b')))
add('node-float', [('a', data_field('a', 'float'), number(-3, 3, digits=1)), B, Y], tree(node(T_, 0, node(simple('a', 'lessOrEqual', 0.3), 1.1, id='left'), node(T_, 2.7), id='root'), 'regression', '', ('a', 'b')))
add('node-float-math', [('a', data_field('a', 'float'), number(-3, 3, digits=1)), B, Y], tree(node(T_, 0, node(simple('a', 'lessOrEqual', 0.3), 1.1, id='left'), node(T_, 2.7), id='root'), 'regression', 'x-mathContext="float"', ('a', 'b')))
add('classes-int-classes', [A, B, ('y', data_field('y', 'integer', ('0', '1', '2'), optype='categorical'), None)], tree(node(T_, 0, node(simple('a', 'lessThan', -1), 1, dist=[('0', 5, None), ('1', 7, None), ('2', 1, None)]), node(T_, 2, dist=[('0', 5, None), ('1', 7, None), ('2', 11, None)])), 'classification', '', ('a', 'b'), output(out('p0', 'probability', value='0'), out('p1', 'probability', value='1'), out('p2', 'probability', value='2'))))
add('classes-bool-classes', [A, B, ('y', data_field('y', 'boolean', ('false', 'true')), None)], tree(node(T_, 0, node(simple('a', 'lessThan', -1), 'true', dist=[('false', 5, None), ('true', 7, None)]), node(T_, 'false', dist=[('true', 5, None), ('false', 7, None)])), 'classification', '', ('a', 'b')))

# ---- ensembles: https://dmg.org/pmml/v4-4-1/MultipleModels.html
def seg(inner, predicate=T_, weight=None, id=None): return '<Segment' + (f' id="{id}"' if id else '') + (f' weight="{weight}"' if weight is not None else '') + f'>{predicate}{inner}</Segment>'
def mining(method, *segs, function='regression', names=('a', 'b', 'c'), outputs='', extra='', target='y', targets='', more=''):
    return f'<MiningModel functionName="{function}">{schema(*names, target=target)}{outputs}{targets}{extra}<Segmentation multipleModelMethod="{method}" {more}>{"".join(segs)}</Segmentation></MiningModel>'
def reg(names, intercept, *terms, outputs='', target='y', targets='', extra='', norm=''):
    return f'<RegressionModel functionName="regression" {norm}>{schema(*names, target=target)}{outputs}{targets}{extra}<RegressionTable intercept="{intercept}">{"".join(terms)}</RegressionTable></RegressionModel>'
def num(n, c, e=None): return f'<NumericPredictor name="{n}" coefficient="{c}"' + (f' exponent="{e}"' if e else '') + '/>'
def cat(n, v, c): return f'<CategoricalPredictor name="{n}" value="{v}" coefficient="{c}"/>'
r1, r2, r3 = reg(('a',), 0.5, num('a', 1.25)), reg(('b',), -0.5, num('b', 0.75)), reg(('a', 'b'), 1, num('a', 0.1), num('b', -2))
F2 = [A, B, CM()]
pa, pb, pc = simple('a', 'greaterThan', 0), simple('b', 'lessThan', 0.5), simple('c', 'equal', 'red')
def ct(f, t, lo, hi, names=('a', 'b'), op='lessThan'): return tree(node(T_, None, node(simple(f, op, t), max(lo, key=lambda d: d[1])[0], dist=lo), node(simple(f, 'greaterOrEqual', t), max(hi, key=lambda d: d[1])[0], dist=hi)), 'classification', names=names)
c1, c2, c3 = ct('a', 0, d3(5, 3, 2), d3(1, 4, 6)), ct('b', 0.5, d3(1, 8, 2), d3(4, 1, 3)), ct('a', 1, d3(7, 4, 2), d3(2, 2, 9))
chain1 = reg(('a', 'b'), 0.5, num('a', 1), num('b', 2), outputs=output(out('first', 'predictedValue', isFinalResult='false')), target=None)
for m in ('sum', 'weightedSum', 'average', 'weightedAverage', 'selectFirst'): add(f'segments-{m}', F2 + [Y], mining(m, seg(r1, pa, 2), seg(r2, pb, 0.5), seg(r3, pc, 1.5)))
for m in ('average', 'weightedAverage', 'selectFirst'): add(f'segments-classes-{m}', F2 + [YM], mining(m, seg(c1, pa, 2), seg(c2, pb, 0.5), seg(c3, pc, 1.5), function='classification', outputs=probabilities('low', 'mid', 'high')))
add('segments-chain', F2 + [Y], mining('modelChain', seg(chain1), seg(reg(('first', 'a'), 1, num('first', 3), num('a', 0.5)))))
add('segments-chain-class', F2 + [YM, ('z', data_field('z', 'double'), None)], mining('modelChain', seg(ct('a', 0, d3(5, 3, 2), d3(1, 4, 6)).replace('</MiningSchema>', '</MiningSchema>' + output(out('cls', 'predictedValue', 'string'), out('p_mid', 'probability', value='mid')))), seg(reg(('p_mid', 'cls'), 1, num('p_mid', 3), cat('cls', 'high', 10), cat('cls', 'mid', 5), target='z')), target='z'))
add('segments-chain-cond-class', F2 + [Y], mining('modelChain', seg(chain1), seg(reg(('first',), 1, num('first', 3), outputs=output(out('second', 'transformedValue', inside='<Apply function="exp"><Apply function="/"><FieldRef field="first"/><Constant>10</Constant></Apply></Apply>')))), outputs=output(out('final', 'predictedValue'), out('sec', 'transformedValue', inside='<FieldRef field="second"/>'))))
add('segments-nested', F2 + [Y], mining('average', seg(mining('sum', seg(r1), seg(r2))), seg(mining('selectFirst', seg(r1, pa), seg(r3, pb)), pc), seg(r3)))
add('segments-targets', F2 + [Y], mining('average', seg(r1), seg(r2), targets='<Targets><Target field="y" rescaleFactor="2" rescaleConstant="1" castInteger="round"/></Targets>'))
add('segments-targets-inner', F2 + [Y], mining('average', seg(reg(('a',), 0.5, num('a', 1.25), targets='<Targets><Target field="y" rescaleFactor="2" castInteger="ceiling"/></Targets>')), seg(r2)))
add('segments-local', F2 + [Y], mining('sum', seg(reg(('a', 'd'), 0.5, num('d', 1.25))), seg(r2), extra='<LocalTransformations><DerivedField name="d" optype="continuous" dataType="double"><Apply function="*"><FieldRef field="a"/><FieldRef field="a"/></Apply></DerivedField></LocalTransformations>'))
add('segments-inner-local', F2 + [Y], mining('sum', seg(reg(('a',), 0.5, num('d', 1.25), extra='<LocalTransformations><DerivedField name="d" optype="continuous" dataType="double"><Apply function="*"><FieldRef field="a"/><FieldRef field="a"/></Apply></DerivedField></LocalTransformations>')), seg(r2)))
add('segments-inner-replacement', F2 + [Y], mining('sum', seg(reg(('a',), 0.5, num('a', 1.25)).replace('name="a" /', 'name="a" missingValueReplacement="3"/')), seg(r2)))

# ---- expressions, treatments, targets
def ap(f, *args, **kw): return f'<Apply function="{f}"' + ''.join(f' {k}="{v}"' for k, v in kw.items()) + '>' + ''.join(args) + '</Apply>'
def ref(n, m=None): return f'<FieldRef field="{n}"' + (f' mapMissingTo="{m}"' if m is not None else '') + '/>'
def k(v, t=None): return '<Constant' + (f' dataType="{t}"' if t else '') + f'>{v}</Constant>'
def df(name, expr, type='double', op=None): return f'<DerivedField name="{name}" optype="{op or ("categorical" if type in ("string", "boolean") else "continuous")}" dataType="{type}">{expr}</DerivedField>'
a, b, i, c, t, e = ref('a'), ref('b'), ref('i'), ref('c'), ref('t'), ref('e')
E_ = ('e', data_field('e', 'integer'), integer(-4, 4, missing=0.12)); E0 = ('e', data_field('e', 'integer'), integer(-4, 4, missing=0))
FS, FS0 = [A, B, I, E_, CM(), BO], [A0, B0, I0, E0, C0, T0]
def expr(name, exprs, fields, extra='', before='', type='double', names=('a', 'b', 'i', 'e', 'c', 't')):
    outs = output(*(out('v_' + n, 'transformedValue', (x[1] if isinstance(x, tuple) else type), inside=(x[0] if isinstance(x, tuple) else x)) for n, x in exprs.items()))
    add(name, fields + [Y], reg(names, 0, num('a', 1), outputs=outs, extra=extra), before=before)
ga, lb = ap('greaterThan', a, k(0)), ap('lessThan', b, k(1))
def bins(type, *bs, default=None, m=None, field='a'):
    return f'<Discretize field="{field}" dataType="{type}"' + (f' defaultValue="{default}"' if default else '') + (f' mapMissingTo="{m}"' if m else '') + '>' + ''.join(f'<DiscretizeBin binValue="{v}"><Interval closure="{cl}"' + (f' leftMargin="{l}"' if l is not None else '') + (f' rightMargin="{r}"' if r is not None else '') + '/></DiscretizeBin>' for v, cl, l, r in bs) + '</Discretize>'
SB = [('neg', 'openOpen', None, -1), ('zero', 'closedOpen', -1, 0), ('one', 'closedClosed', 0, 1), ('big', 'openClosed', 1, 2)]
def mapv(pairs, rows, outc='out', type='string', default=None, m=None): return f'<MapValues outputColumn="{outc}" dataType="{type}"' + (f' defaultValue="{default}"' if default is not None else '') + (f' mapMissingTo="{m}"' if m is not None else '') + '>' + ''.join(f'<FieldColumnPair field="{f}" column="{cc}"/>' for f, cc in pairs) + '<InlineTable>' + ''.join('<row>' + ''.join(f'<{kk}>{v}</{kk}>' for kk, v in row.items()) + '</row>' for row in rows) + '</InlineTable></MapValues>'
R2 = [dict(x='red', y=1, out='r1'), dict(x='red', y=2, out='r2'), dict(x='green', y=-1, out='g-1'), dict(x='blue', y=0, out='b0')]
FN = '<TransformationDictionary><DefineFunction name="scale" optype="continuous" dataType="double"><ParameterField name="x"/><ParameterField name="m" optype="continuous" dataType="double"/>' + ap('/', ap('-', ref('x'), ref('m')), k(2.0)) + '</DefineFunction><DefineFunction name="twice" optype="continuous" dataType="double"><ParameterField name="a"/>' + ap('+', ref('a'), ap('scale', ref('a'), k(1.0))) + '</DefineFunction><DefineFunction name="kind" optype="categorical" dataType="string"><ParameterField name="w"/>' + ap('if', ap('equal', ref('w'), k('red')), k('warm'), k('cold')) + '</DefineFunction>' + df('g', ap('twice', b)) + '</TransformationDictionary>'
def norms(o, m='', field='a'): return f'<NormContinuous field="{field}" outliers="{o}" {m}><LinearNorm orig="-2" norm="0"/><LinearNorm orig="-0.5" norm="0.4"/><LinearNorm orig="1" norm="0.3"/><LinearNorm orig="2" norm="1"/></NormContinuous>'
expr('expressions-one', {f: ap(f, a) for f in ('abs', 'exp', 'floor', 'ceil', 'round', 'rint', 'expm1', 'sin', 'sinh', 'cos', 'cosh', 'atan', 'tanh', 'stdNormalCDF', 'erf')}, FS0[:1], names=('a',))
expr('expressions-two', {'plus': ap('+', a, b), 'minus': ap('-', i, k('2.5')), 'times': ap('*', i, e), 'over': ap('/', a, k('3.5')), 'modulo': ap('modulo', a, k('0.7')), 'pow': ap('pow', a, k(3)), 'hypot': ap('hypot', a, b), 'threshold': ap('threshold', a, b), 'normal': ap('normalCDF', a, k('0.5'), k('1.5')), 'half': ap('round', ap('/', i, k('2.0')))}, FS0)
expr('expressions-lists', {f + n: ap(f, *args) for f in ('min', 'max', 'avg', 'sum', 'product') for n, args in (('1', [a]), ('3', [a, b, i]), ('4', [a, b, i, e]), ('c', [a, k('0.5'), i]))}, FS)
expr('expressions-missing', {'a': ap('isMissing', a), 'b': ap('isNotMissing', c), 'c': ap('isValid', a), 'd': ap('isNotValid', c), 'e': ap('isMissing', ap('+', a, b)), 'f': ap('isIn', i, k(1), k(2), k(-3)), 'g': ap('isNotIn', c, k('red'), k('blue')), 'h': ap('isIn', a, k(0), k(1))}, FS, type='boolean')
expr('expressions-if', {'a': ap('if', ga, b, i), 'b': ap('if', ga, b), 'c': ap('if', ga, ap('if', lb, k('1.0'), k('2.0')), ap('if', t, k('3.0'), k('4.0'))), 'd': (ap('if', ga, k('yes'), k('no')), 'string'), 'e': (ap('if', ga, c, k('none')), 'string'), 'f': ap('if', ap('equal', c, k('red')), k('1.0'), k('2.0'))}, FS0)
expr('expressions-default', {'a': ap('+', a, b, defaultValue='-7'), 'b': ap('+', a, b, mapMissingTo='-8'), 'd': ap('if', ap('equal', ref('c', 'red'), k('red')), k('1.0'), k('0.0')), 'e': '<NormDiscrete field="c" value="red"/>', 'f': '<NormDiscrete field="i" value="2" mapMissingTo="0.5"/>'}, FS)
expr('expressions-norm', {f'{o}{n}': norms(o, m, f) for o in ('asIs', 'asMissingValues', 'asExtremeValues') for n, m, f in (('', '', 'a'), ('m', 'mapMissingTo="0.77"', 'a'), ('i', '', 'i'))}, FS)
expr('expressions-bins', {'a': bins('string', *SB), 'b': bins('string', *SB, default='else', m='none'), 'c': bins('string', *SB, field='i')}, FS, type='string')
expr('expressions-map', {'a': mapv([('c', 'x')], [dict(x='red', out='R'), dict(x='green', out='G')]), 'b': mapv([('c', 'x')], [dict(x='red', out='R'), dict(x='green', out='G')], default='D', m='M'), 'c': mapv([('c', 'x'), ('i', 'y')], R2), 'd': mapv([('c', 'x'), ('i', 'y')], R2, default='D', m='M')}, FS, type='string')
expr('expressions-functions', {'a': ap('scale', a, k('0.5')), 'b': ap('twice', ap('scale', a, b)), 'c': (ap('kind', c), 'string'), 'd': ap('*', ref('g'), k(2))}, FS0, before=FN)
expr('expressions-types', {'a': ref('d'), 'b': ap('+', ref('d'), k('0.1'))}, FS, extra='<LocalTransformations>' + df('d', ap('*', a, k('0.1')), 'float') + '</LocalTransformations>')
fl = ('f', data_field('f', 'float'), number(-3, 3, digits=1))
def treat(name, fields, names, sch, terms, **more): add('treatment-' + name, fields + [Y], reg(names, 0.5, *terms, **more).replace(schema(*names), sch))
def ms(**f): return schema(*f, **f)
AI = ('a', data_field('a', 'double', inside='<Interval closure="closedOpen" leftMargin="-2" rightMargin="1"/><Interval closure="openClosed" leftMargin="1.5" rightMargin="2.5"/>'), number(-4, 4, extremes=('1', '1.5', '2.5', '-2')))
VP = '<Value value="-1" property="missing"/><Value value="-2" property="missing"/><Value value="9" property="invalid"/>'
VA = ('a', data_field('a', 'double', inside=VP), word('-1', '-2', '9', '1', '2.5', '-1.0'))
VC = ('c', data_field('c', 'string', inside='<Value value="red"/><Value value="NA" property="missing"/><Value value="bad" property="invalid"/>'), word('red', 'NA', 'bad', 'other'))
for tr in ('returnInvalid', 'asIs', 'asMissing', 'asValue" invalidValueReplacement="0.75'):
    short = tr.partition('"')[0]
    treat(f'interval-{short}', [AI, B], ('a', 'b'), ms(a=f'invalidValueTreatment="{tr}" missingValueReplacement="-9"', b=''), [num('a', 1), num('b', 1)])
    treat(f'words-{short}', [('c', data_field('c', 'string', ('red', 'green')), word('red', 'green', 'blue', 'x')), B], ('c', 'b'), ms(c=f'invalidValueTreatment="{tr.replace("0.75", "green")}"', b='missingValueReplacement="0"'), [cat('c', 'red', 3), cat('c', 'green', 5), cat('c', 'blue', 7), num('b', 1)])
for tr in ('returnInvalid', 'asIs', 'asMissing'):
    treat(f'property-{tr}', [VA, B], ('a', 'b'), ms(a=f'invalidValueTreatment="{tr}" missingValueReplacement="100"', b=''), [num('a', 1), num('b', 1)])
    treat(f'property-words-{tr}', [VC, B], ('c', 'b'), ms(c=f'invalidValueTreatment="{tr}" missingValueReplacement="red"', b='missingValueReplacement="0"'), [cat('c', 'red', 1), cat('c', 'other', 2), cat('c', 'bad', 4), num('b', 1)])
for o in ('asMissingValues', 'asExtremeValues'): treat(f'outliers-{o}', [A, B], ('a', 'b'), ms(a=f'outliers="{o}" lowValue="-1" highValue="1.5"', b=''), [num('a', 1), num('b', 1)])
for n, tg in {'min': 'min="-1" max="2"', 'round': 'castInteger="round"', 'ceiling': 'castInteger="ceiling"', 'floor': 'castInteger="floor"', 'all': 'min="-1" max="2" rescaleFactor="3" rescaleConstant="-0.5" castInteger="round"'}.items(): add('target-' + n, [I, Y], reg(('i',), 0, num('i', 0.5), targets=f'<Targets><Target field="y" {tg}/></Targets>'))
add('target-default', [A, B, Y], reg(('a', 'b'), 0.5, num('a', 1), num('b', 1), targets='<Targets><Target field="y" rescaleFactor="2"><TargetValue defaultValue="42"/></Target></Targets>'))
add('output-decision', [A, B, Y], reg(('a', 'b'), 0.5, num('a', 1), num('b', 1), outputs=output(out('v', 'predictedValue'), out('d', 'decision', 'string', inside='<Decisions><Decision value="go"/><Decision value="stop"/></Decisions>' + ap('if', ap('greaterThan', ref('v'), k(0)), k('go'), k('stop'))))))

# ---- Cox regression: https://dmg.org/pmml/v4-4-1/GeneralRegression.html
CP = '<ParameterList><Parameter name="p0" label="x1" referencePoint="0.4"/><Parameter name="p1" label="c=a" referencePoint="0.25"/><Parameter name="p2"/></ParameterList><FactorList><Predictor name="c"/></FactorList><CovariateList><Predictor name="a"/><Predictor name="b"/></CovariateList><PPMatrix><PPCell value="1" predictorName="a" parameterName="p0"/><PPCell value="red" predictorName="c" parameterName="p1"/><PPCell value="2" predictorName="b" parameterName="p2"/></PPMatrix><ParamMatrix><PCell parameterName="p0" df="1" beta="0.35"/><PCell parameterName="p1" df="1" beta="-0.9"/><PCell parameterName="p2" df="1" beta="0.12"/></ParamMatrix>'
def hazards(*c): return ''.join(f'<BaselineCell time="{t_}" cumHazard="{h}"/>' for t_, h in c)
TM = ('time', data_field('time', 'double'), number(0, 12, missing=0, digits=1, extremes=('1', '5', '9.5', '10', '0.5')))
GR = ('g', data_field('g', 'string', ('m', 'f', 'x')), word('m', 'f', 'x', missing=0))
def cox(tables, names, more=''): return f'<GeneralRegressionModel functionName="regression" modelType="CoxRegression" endTimeVariable="time" {more}>{schema(*names)}{CP}{tables}</GeneralRegressionModel>'
add('cox', [A, B, CM(), TM, Y], cox(f'<BaseCumHazardTables maxTime="10">{hazards((1, 0.01), (2.5, 0.05), (5, 0.2), (9.5, 0.7))}</BaseCumHazardTables>', ('a', 'b', 'c', 'time')))
add('cox-strata', [A, B, CM(), TM, GR, Y], cox(f'<BaseCumHazardTables><BaselineStratum value="m" label="[m]" maxTime="10">{hazards((1, 0.01), (2.5, 0.05), (5, 0.2), (9.5, 0.7))}</BaselineStratum><BaselineStratum value="f" label="[f]" maxTime="6">{hazards((0.5, 0.02), (5, 0.3))}</BaselineStratum></BaseCumHazardTables>', ('a', 'b', 'c', 'time', 'g'), 'baselineStrataVariable="g" statusVariable="status"'))

# ---- regressions, naive Bayes, clusters, neighbours, support vectors, networks
def rc(norm, tables, target=YM, outputs=None, names=('a', 'b', 'c'), more=''):
    return f'<RegressionModel functionName="classification" normalizationMethod="{norm}" {more}>{schema(*names)}{outputs if outputs is not None else probabilities(*[v for v, *_ in tables])}' + ''.join(f'<RegressionTable targetCategory="{v}" intercept="{i}">{"".join(ts)}</RegressionTable>' for v, i, ts in tables) + '</RegressionModel>'
TB3 = [('low', 0.2, [num('a', 0.3), cat('c', 'red', 0.4)]), ('mid', 0.1, [num('b', -0.2)]), ('high', 0, [])]
TB2 = [('no', 0.2, [num('a', 0.3), cat('c', 'red', 0.4)]), ('yes', 0, [])]
TB2b = [('no', 0.2, [num('a', 0.3), cat('c', 'red', 0.4)]), ('yes', 0.1, [num('b', 1)])]
def tvc(**c): return '<TargetValueCounts>' + ''.join(f'<TargetValueCount value="{v}" count="{n}"/>' for v, n in c.items()) + '</TargetValueCounts>'
def nb(threshold, inputs, totals, outputs='', names=('a', 'c', 'i'), target='y'): return f'<NaiveBayesModel functionName="classification" threshold="{threshold}">{schema(*names, target=target)}{outputs}<BayesInputs>{"".join(inputs)}</BayesInputs><BayesOutput fieldName="y">{totals}</BayesOutput></NaiveBayesModel>'
def pc(field, **v): return f'<BayesInput fieldName="{field}">' + ''.join(f'<PairCounts value="{x}">{tvc(**cc)}</PairCounts>' for x, cc in v.items()) + '</BayesInput>'
def gs(field, dist='Gaussian', **v): return f'<BayesInput fieldName="{field}"><TargetValueStats>' + ''.join(f'<TargetValueStat value="{x}"><GaussianDistribution mean="{m}" variance="{va}"/></TargetValueStat>' for x, (m, va) in v.items()) + '</TargetValueStats></BayesInput>'
PCc = pc('c', red=dict(low=8, mid=2, high=0), green=dict(low=3, mid=5, high=7)); PCf = pc('c', red=dict(low=8, mid=2, high=0), green=dict(low=3, mid=5, high=7), blue=dict(low=1, mid=9, high=4))
PCi = f'<BayesInput fieldName="i">' + ''.join(f'<PairCounts value="{x}">{tvc(**dict(low=x + 6, mid=7 - x, high=abs(x)))}</PairCounts>' for x in range(-5, 6)) + '</BayesInput>'
GA = gs('a', low=(-1, 0.5), mid=(0, 1), high=(1.5, 2))
TOT = tvc(low=12, mid=16, high=11)
P3 = probabilities('low', 'mid', 'high')
def clus(measure, fields, clusters, names, kind='distance', cf='', outputs='', mvw='', more=''):
    return f'<ClusteringModel functionName="clustering" modelClass="centerBased" numberOfClusters="{len(clusters)}" {more}>{schema(*names, target=None)}{outputs}<ComparisonMeasure kind="{kind}" {cf}>{measure}</ComparisonMeasure>' + ''.join(f'<ClusteringField field="{f}" {at}/>' for f, at in fields) + mvw + ''.join(f'<Cluster id="{n}" name="n{n}"><Array n="{len(v)}" type="real">{" ".join(map(str, v))}</Array></Cluster>' for n, v in clusters) + '</ClusteringModel>'
CL = [('one', (-1, -1, 0)), ('two', (1, 0.5, 2)), ('three', (0, 2, -3))]
CO = output(out('cluster', 'predictedValue', 'string'), out('id', 'clusterId', 'string'), out('aff', 'clusterAffinity'), out('aff1', 'affinity', value='one'), out('aff3', 'clusterAffinity', value='three'), out('dist', 'entityAffinity'))
A1, B1, I1 = A0, B0, I0
TR = [(-1, -1, 0, 'low', 1.5), (0, 0.5, 1, 'mid', 2.5), (1, 1, 2, 'high', 7), (2, -1, -3, 'high', 4), (0.5, 2, 3, 'low', 0.25), (-2, 0, 4, 'mid', 3), (1.5, 1.5, -5, 'low', 9)]
def knn(k_, measure, fields, fn, outputs='', more='', kind='distance', cf='', target='y'):
    rows = ''.join(f'<row><a>{r[0]}</a><b>{r[1]}</b><i>{r[2]}</i><y>{r[3] if fn == "classification" else r[4]}</y><id>r{n}</id></row>' for n, r in enumerate(TR))
    return f'<NearestNeighborModel functionName="{fn}" numberOfNeighbors="{k_}" instanceIdVariable="id" {more}>{schema("a", "b", "i", target=target)}{outputs}<TrainingInstances><InstanceFields>' + ''.join(f'<InstanceField field="{f}" column="{f}"/>' for f in ('a', 'b', 'i', 'y', 'id')) + f'</InstanceFields><InlineTable>{rows}</InlineTable></TrainingInstances><ComparisonMeasure kind="{kind}" {cf}>{measure}</ComparisonMeasure><KNNInputs>' + ''.join(f'<KNNInput field="{f}" {at}/>' for f, at in fields) + '</KNNInputs></NearestNeighborModel>'
KI = [('a', ''), ('b', ''), ('i', '')]; KW = [('a', 'fieldWeight="2"'), ('b', 'fieldWeight="0.3"'), ('i', '')]
KO = output(out('pred', 'predictedValue', 'string'), *(out(f'n{r}', 'entityId', 'string', rank=r) for r in (1, 2, 3)))
KOR = output(out('pred', 'predictedValue'), *(out(f'n{r}', 'entityId', 'string', rank=r) for r in (1, 2, 3)))
KER = {'lin': '<LinearKernelType/>', 'poly': '<PolynomialKernelType gamma="0.5" coef0="1" degree="3"/>', 'polyd': '<PolynomialKernelType/>', 'rbf': '<RadialBasisKernelType gamma="0.3"/>', 'rbfd': '<RadialBasisKernelType/>', 'sig': '<SigmoidKernelType gamma="0.2" coef0="-0.5"/>', 'sigd': '<SigmoidKernelType/>'}
VEC = '<VectorDictionary numberOfVectors="4"><VectorFields numberOfFields="3"><FieldRef field="a"/><FieldRef field="b"/><CategoricalPredictor name="c" value="red" coefficient="1"/></VectorFields><VectorInstance id="v1"><REAL-SparseArray n="3"><Indices>1 3</Indices><REAL-Entries>0.5 1</REAL-Entries></REAL-SparseArray></VectorInstance><VectorInstance id="v2"><Array n="3" type="real">-1 2 0</Array></VectorInstance><VectorInstance id="v3"><REAL-SparseArray n="3"><Indices>2</Indices><REAL-Entries>-1.5</REAL-Entries></REAL-SparseArray></VectorInstance><VectorInstance id="v4"><Array n="3" type="real">1 1 1</Array></VectorInstance></VectorDictionary>'
def mach(vs, coefs, absolute, at=''): return f'<SupportVectorMachine {at}><SupportVectors numberOfSupportVectors="{len(vs)}" numberOfAttributes="3">' + ''.join(f'<SupportVector vectorId="v{v}"/>' for v in vs) + f'</SupportVectors><Coefficients numberOfCoefficients="{len(vs)}" absoluteValue="{absolute}">' + ''.join(f'<Coefficient value="{x}"/>' for x in coefs) + '</Coefficients></SupportVectorMachine>'
def svm(fn, ker, machines, outputs='', more=''): return f'<SupportVectorMachineModel functionName="{fn}" {more}>{schema("a", "b", "c")}{outputs}{ker}{VEC}{"".join(machines)}</SupportVectorMachineModel>'
def net(fn, act, layers_norm='', outs=None, more='', target=Y, outputs=''):
    inp = '<NeuralInputs numberOfInputs="3">' + ''.join(f'<NeuralInput id="0,{n}">{df("n" + f, x)}</NeuralInput>' for n, (f, x) in enumerate((('a', norm('asIs')), ('b', ref('b')), ('c', '<NormDiscrete field="c" value="red"/>')))) + '</NeuralInputs>'
    l1 = f'<NeuralLayer numberOfNeurons="2" activationFunction="{act}">' + ''.join(f'<Neuron id="1,{n}" bias="{bi}">' + ''.join(f'<Con from="0,{m}" weight="{w}"/>' for m, w in enumerate(ws)) + '</Neuron>' for n, (bi, ws) in enumerate(((0.1, (0.5, -0.3, 0.8)), (-0.2, (0.7, 0.2, -0.6))))) + '</NeuralLayer>'
    n2 = 1 if fn == 'regression' else 3
    l2 = f'<NeuralLayer numberOfNeurons="{n2}" activationFunction="identity" {layers_norm}>' + ''.join(f'<Neuron id="2,{n}" bias="{bi}">' + ''.join(f'<Con from="1,{m}" weight="{w}"/>' for m, w in enumerate(ws)) + '</Neuron>' for n, (bi, ws) in list(enumerate(((0.4, (0.5, 0.9)), (0.3, (0.2, 0.2)), (0.6, (-0.7, 0.1)))))[:n2]) + '</NeuralLayer>'
    o = '<NeuralOutputs numberOfOutputs="1"><NeuralOutput outputNeuron="2,0">' + df('oy', outs or ref('y')) + '</NeuralOutput></NeuralOutputs>' if fn == 'regression' else '<NeuralOutputs numberOfOutputs="3">' + ''.join(f'<NeuralOutput outputNeuron="2,{n}">{df("o" + v, f"""<NormDiscrete field="y" value="{v}"/>""")}</NeuralOutput>' for n, v in enumerate(('mid', 'low', 'high'))) + '</NeuralOutputs>'
    return f'<NeuralNetwork functionName="{fn}" activationFunction="logistic" numberOfLayers="2" {more}>{schema("a", "b", "c")}{outputs}{inp}{l1}{l2}{o}</NeuralNetwork>'
MEAS = {m: f'<{m}/>' for m in ('euclidean', 'squaredEuclidean', 'chebychev', 'cityBlock')}
MEAS['minkowski'] = '<minkowski p-parameter="3"/>'
for n_ in ('none', 'simplemax', 'softmax', 'logit', 'probit', 'cloglog', 'loglog', 'cauchit'):
    add(f'regression-two-{n_}', F2 + [YC], rc(n_, TB2b if n_ not in ('none', 'simplemax') else TB2))
    if n_ in ('none', 'softmax', 'logit'): add(f'regression-three-{n_}', F2 + [YM], rc(n_, TB3))
    if n_ not in ('simplemax', 'softmax'): add(f'regression-ordinal-{n_}', F2 + [YO], rc(n_, TB3))
add('regression-order', F2 + [YM], rc('softmax', [TB3[2], TB3[0], TB3[1]]))
add('regression-terms', F2 + [Y], reg(('a', 'b', 'c'), 0.2, num('a', 0.3, 2), num('b', 0.1, 3), '<PredictorTerm coefficient="0.5"><FieldRef field="a"/><FieldRef field="b"/></PredictorTerm>', '<PredictorTerm coefficient="-0.5"><FieldRef field="a"/><FieldRef field="a"/><FieldRef field="b"/></PredictorTerm>', cat('c', 'red', 1), cat('c', 'blue', -1)))
for th in ('0', '0.001', '0.2'): add(f'bayes-mixed-{th}', F2 + [I, YM], nb(th, [PCf, GA, PCi], TOT, P3))
add('bayes-unlisted', F2 + [I, YM], nb('0.01', [PCc, PCi], TOT, P3))
for m, x in MEAS.items():
    add(f'clusters-{m}', [A1, B1, I1], clus(x, [('a', 'fieldWeight="2"'), ('b', 'fieldWeight="0.5"'), ('i', '')], CL, ('a', 'b', 'i'), outputs=CO))
    add(f'neighbours-{m}', [A1, B1, I1, YM], knn(3, x, KW, 'classification', KO))
add('neighbours-median', [A1, B1, I1, Y], knn(4, MEAS['euclidean'], KI, 'regression', KOR, 'continuousScoringMethod="median"'))
add('neighbours-weighted', [A1, B1, I1, Y], knn(3, MEAS['euclidean'], KI, 'regression', KOR, 'continuousScoringMethod="weightedAverage" threshold="0.5"'))
add('neighbours-weighted-classes', [A1, B1, I1, YM], knn(4, MEAS['euclidean'], KI, 'classification', KO, 'categoricalScoringMethod="weightedMajorityVote"'))
for n_, ke in KER.items():
    add(f'vectors-{n_}', F2 + [Y], svm('regression', ke, [mach((1, 2, 3), (0.5, -0.7, 0.2), 0.1)]))
    if not n_.endswith('d'): add(f'vectors-classes-{n_}', F2 + [YM], svm('classification', ke, [mach((1, 2, 3), (0.5, -0.7, 0.2), 0.1, 'targetCategory="low"'), mach((1, 4), (0.5, -0.2), -0.1, 'targetCategory="high"'), mach((2, 3, 4), (0.5, 0.7, -1.2), 0.3, 'targetCategory="mid"')], more='classificationMethod="OneAgainstAll"'))
def norm(o, m='', field='a'): return f'<NormContinuous field="{field}" outliers="{o}" {m}><LinearNorm orig="-2" norm="0"/><LinearNorm orig="2" norm="1"/></NormContinuous>'
for act in ('threshold', 'logistic', 'tanh', 'identity', 'exponential', 'reciprocal', 'square', 'Gauss', 'sine', 'cosine', 'Elliott', 'arctan', 'rectifier'): add(f'network-{act}', F2 + [Y], net('regression', act))
add('network-simplemax', F2 + [YM], net('classification', 'logistic', 'normalizationMethod="simplemax"', outputs=P3))
add('network-softmax', F2 + [YM], net('classification', 'tanh', 'normalizationMethod="softmax"', outputs=P3))
add('network-denorm', F2 + [Y], net('regression', 'tanh', outs='<NormContinuous field="y"><LinearNorm orig="-10" norm="-2"/><LinearNorm orig="30" norm="3"/></NormContinuous>'))

def write(folder):
    chosen = sys.argv[2:]
    for name, d in DOCUMENTS.items():
        if chosen and name not in chosen: continue
        r, at = random.Random(name), folder / name
        at.mkdir(parents=True, exist_ok=True)
        fields = ''.join(xml for _, xml, _ in d['fields'])
        (at / 'model.pmml').write_text(f'<PMML version="{d["version"]}" xmlns="http://www.dmg.org/PMML-4_4"><Header/><DataDictionary>{fields}</DataDictionary>{d["before"]}{d["model"]}</PMML>\n'.replace('><', '>\n<'))
        columns = [(n, s) for n, _, s in d['fields'] if s is not None]
        with open(at / 'inputs.csv', 'w', newline='') as file:
            w = csv.writer(file, lineterminator='\n')
            w.writerow([n for n, _ in columns])
            for i in range(ROWS): w.writerow(['' for _ in columns] if i == 0 and len(columns) > 1 else [s(r) for _, s in columns])

write(pathlib.Path(sys.argv[1]))
