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
