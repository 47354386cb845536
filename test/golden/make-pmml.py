"""Small PMML documents of what sklearn2pmml never writes, with rows: make-pmml.py OUTDIR. What JPMML-Evaluator 1.7.7 answers is written beside them by make-pmml.java (class Judge): its
jars on the class path, `java -cp JARS make-pmml.java OUTDIR/*`."""
import os, random, sys
random.seed(3)
base=sys.argv[1]; os.makedirs(base,exist_ok=True)
DD='''<DataDictionary><DataField name="y" optype="{yo}" dataType="{yt}">{yv}</DataField><DataField name="a" optype="continuous" dataType="double"/><DataField name="b" optype="continuous" dataType="double"/><DataField name="c" optype="categorical" dataType="string"><Value value="red"/><Value value="green"/><Value value="blue"/></DataField></DataDictionary>'''
MS='<MiningSchema><MiningField name="y" usageType="target"/><MiningField name="a"/><MiningField name="b"/><MiningField name="c" invalidValueTreatment="asIs"/></MiningSchema>'
def doc(name, model, yo='continuous', yt='double', yv=''):
    d=f'{base}/{name}'; os.makedirs(d,exist_ok=True)
    open(d+'/model.pmml','w').write(f'<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>{DD.format(yo=yo,yt=yt,yv=yv)}{model}</PMML>\n')
    rows=['a,b,c']
    for i in range(120):
        a=random.choice([random.uniform(-3,3),random.uniform(-3,3),0,1,-1,2.5]); b=random.uniform(-2,5)
        c=random.choice(['red','green','blue'])
        A='' if i%23==5 else repr(a); C='' if i%29==7 else ('violet' if i%31==9 else c)
        rows.append(f'{A},{b!r},{C}')
    open(d+'/inputs.csv','w').write('\n'.join(rows)+'\n')
YES='<Value value="no"/><Value value="yes"/>'
THREE='<Value value="low"/><Value value="mid"/><Value value="high"/>'
PL='<ParameterList><Parameter name="p0" label="Intercept"/><Parameter name="p1"/><Parameter name="p2"/><Parameter name="p3"/><Parameter name="p4"/></ParameterList><FactorList><Predictor name="c"/></FactorList><CovariateList><Predictor name="a"/><Predictor name="b"/></CovariateList><PPMatrix><PPCell value="1" predictorName="a" parameterName="p1"/><PPCell value="2" predictorName="b" parameterName="p2"/><PPCell value="green" predictorName="c" parameterName="p3"/><PPCell value="blue" predictorName="c" parameterName="p4"/><PPCell value="1" predictorName="a" parameterName="p4"/></PPMatrix>'
def pm(*cats): return '<ParamMatrix>'+''.join('<PCell '+(f'targetCategory="{c}" ' if c else '')+f'parameterName="p{k}" beta="{v}"/>' for c,vs in cats for k,v in enumerate(vs))+'</ParamMatrix>'
B=[0.3,-0.7,0.05,0.9,-0.4]
for link,extra in [('identity',''),('log',''),('logit',''),('probit',''),('cloglog',''),('loglog',''),('cauchit',''),('power',' linkParameter="2"'),('negbin',' distParameter="1.5"'),('oddspower',' linkParameter="0.5"')]:
    doc('general-'+link, f'<GeneralRegressionModel functionName="regression" modelType="generalizedLinear" linkFunction="{link}"{extra} targetVariableName="y">{MS}{PL}{pm((None,B))}</GeneralRegressionModel>')
doc('general-linear', f'<GeneralRegressionModel functionName="regression" modelType="generalLinear" targetVariableName="y">{MS}{PL}{pm((None,B))}</GeneralRegressionModel>')
doc('general-multinomial', f'<GeneralRegressionModel functionName="classification" modelType="multinomialLogistic" targetVariableName="y" targetReferenceCategory="high">{MS}{PL}{pm(("low",B),("mid",[-0.2,0.4,0.1,-0.3,0.2]))}</GeneralRegressionModel>','categorical','string',THREE)
doc('general-ordinal', f'<GeneralRegressionModel functionName="classification" modelType="ordinalMultinomial" cumulativeLink="logit" targetVariableName="y" targetReferenceCategory="high">{MS}{PL}<ParamMatrix><PCell targetCategory="low" parameterName="p0" beta="-1"/><PCell targetCategory="mid" parameterName="p0" beta="1.2"/><PCell parameterName="p1" beta="0.5"/><PCell parameterName="p3" beta="-0.4"/></ParamMatrix></GeneralRegressionModel>','ordinal','string',THREE)
doc('general-binary', f'<GeneralRegressionModel functionName="classification" modelType="generalizedLinear" linkFunction="logit" targetVariableName="y" targetReferenceCategory="no">{MS}{PL}{pm(("yes",B))}</GeneralRegressionModel>','categorical','string',YES)
def attr(pred,score,code=None): return f'<Attribute partialScore="{score}"'+(f' reasonCode="{code}"' if code else '')+f'>{pred}</Attribute>'
def S(f,op,v): return f'<SimplePredicate field="{f}" operator="{op}" value="{v}"/>'
MISS='<SimplePredicate field="a" operator="isMissing"/>'
AND='<CompoundPredicate booleanOperator="and">'+S("b","greaterThan","0")+S("c","equal","red")+'</CompoundPredicate>'
SET='<SimpleSetPredicate field="c" booleanOperator="isIn"><Array type="string" n="2">red green</Array></SimpleSetPredicate>'
for alg in ('pointsAbove','pointsBelow'):
    A=attr(S("a","lessThan","-1"),3,"RA1")+attr(S("a","lessThan","1"),9)+attr(MISS,1.5)+attr("<True/>",20)
    Bc=attr(S("b","lessOrEqual","0"),-4)+attr(AND,6.25)+attr("<True/>",2)
    C=attr(SET,5)+attr("<True/>",8)
    doc('scorecard-'+alg, f'<Scorecard functionName="regression" initialScore="10" reasonCodeAlgorithm="{alg}" baselineScore="7" useReasonCodes="true">{MS}<Output><OutputField name="points" optype="continuous" dataType="double" feature="predictedValue"/><OutputField name="why1" optype="categorical" dataType="string" feature="reasonCode" rank="1"/><OutputField name="why2" optype="categorical" dataType="string" feature="reasonCode" rank="2"/></Output><Characteristics><Characteristic name="A" reasonCode="RA" baselineScore="12">{A}</Characteristic><Characteristic name="B" reasonCode="RB">{Bc}</Characteristic><Characteristic name="C" reasonCode="RC">{C}</Characteristic></Characteristics></Scorecard>')
for crit in ('firstHit','weightedMax','weightedSum'):
    R2='<CompoundPredicate booleanOperator="and">'+S("a","greaterThan","0")+S("c","notEqual","blue")+'</CompoundPredicate>'
    doc('rules-'+crit, f'<RuleSetModel functionName="classification">{MS}<RuleSet defaultScore="mid" defaultConfidence="0.1"><RuleSelectionMethod criterion="{crit}"/><SimpleRule id="r1" score="low" weight="0.6" confidence="0.8">{S("a","lessThan","-1")}</SimpleRule><SimpleRule id="r2" score="high" weight="0.9" confidence="0.7">{R2}</SimpleRule><CompoundRule>{S("b","greaterThan","3")}<SimpleRule id="r3" score="low" weight="0.5" confidence="0.6">{S("c","equal","red")}</SimpleRule><SimpleRule id="r4" score="high" weight="0.45" confidence="0.55"><True/></SimpleRule></CompoundRule></RuleSet></RuleSetModel>','categorical','string',THREE)
def node(score,pred,kids='',idn=None,dc=None,dist=''): return f'<Node score="{score}"'+(f' id="{idn}"' if idn else '')+(f' defaultChild="{dc}"' if dc else '')+f'>{pred}{dist}{kids}</Node>'
SUR='<CompoundPredicate booleanOperator="surrogate">'+S('a','lessThan','-2')+S('c','equal','red')+'</CompoundPredicate>'
INRB='<SimpleSetPredicate field="c" booleanOperator="isIn"><Array type="string">red "blue"</Array></SimpleSetPredicate>'
OR='<CompoundPredicate booleanOperator="or">'+S('a','greaterOrEqual','2.5')+S('b','lessThan','0')+'</CompoundPredicate>'
XOR='<CompoundPredicate booleanOperator="xor">'+S('a','greaterThan','0')+S('b','greaterThan','2')+'</CompoundPredicate>'
for strat in ('none','nullPrediction','lastPrediction','defaultChild'):
  for ntc in ('returnNullPrediction','returnLastPrediction'):
    kids=node(1,S('a','lessThan','-0.5'),node(11,S('b','lessOrEqual','1'),idn='n4')+node(12,SUR,idn='n5'),'n1','n5')+node(2,INRB,node(21,OR,idn='n6')+node(22,XOR,idn='n7'),'n2','n7')+node(3,S('b','greaterThan','1.5'),'','n3')
    doc(f'tree-{strat}-{ntc}', f'<TreeModel functionName="regression" missingValueStrategy="{strat}" noTrueChildStrategy="{ntc}">{MS}{node(0,"<True/>",kids,"n0","n3")}</TreeModel>')
# ways of combining
def tree(lo,hi,f,t): return f'<TreeModel functionName="regression">{MS}{node(0,"<True/>",node(lo,S(f,"lessThan",t))+node(hi,"<True/>"))}</TreeModel>'
def seg(i,pred,model,w=None): return f'<Segment id="{i}"'+(f' weight="{w}"' if w else '')+f'>{pred}{model}</Segment>'
for m in ('sum','average','weightedAverage','median','max','selectFirst','weightedSum'):
    segs=seg(1,'<True/>',tree(1,4,'a','0'),2)+seg(2,S('b','greaterThan','1') if m in ('sum','average','max','selectFirst','weightedAverage','weightedSum') else '<True/>',tree(2,7,'b','2.5'),3)+seg(3,'<True/>',tree(-1,9,'a','1'),5)
    if m=='selectFirst': segs=seg(2,S('b','greaterThan','1'),tree(2,7,'b','2.5'))+seg(3,'<True/>',tree(-1,9,'a','1'))
    doc('mining-'+m, f'<MiningModel functionName="regression">{MS}<Segmentation multipleModelMethod="{m}">{segs}</Segmentation></MiningModel>')
def ctree(f,t,dl,dr):
    def leaf(d,p): return f'<Node score="{max(d,key=d.get)}">{p}'+''.join(f'<ScoreDistribution value="{k}" recordCount="{v}"/>' for k,v in d.items())+'</Node>'
    return f'<TreeModel functionName="classification">{MS}<Node><True/>{leaf(dl,S(f,"lessThan",t))}{leaf(dr,"<True/>")}</Node></TreeModel>'
for m in ('majorityVote','weightedMajorityVote','average','weightedAverage','max','median'):
    segs=seg(1,'<True/>',ctree('a','0',{'low':5,'mid':2,'high':1},{'low':1,'mid':2,'high':6}),2)+seg(2,'<True/>',ctree('b','2',{'low':1,'mid':7,'high':1},{'low':4,'mid':2,'high':3}),1.5)+seg(3,'<True/>',ctree('a','1',{'low':3,'mid':4,'high':2},{'low':2,'mid':2,'high':5}),1)
    doc('vote-'+m, f'<MiningModel functionName="classification">{MS}<Segmentation multipleModelMethod="{m}">{segs}</Segmentation></MiningModel>','categorical','string',THREE)
# expressions
EX={'norm':'<NormContinuous field="a" outliers="{o}" mapMissingTo="0.25"><LinearNorm orig="-2" norm="0"/><LinearNorm orig="0" norm="0.4"/><LinearNorm orig="2" norm="1"/></NormContinuous>'}
exprs={f'norm-{o}':EX['norm'].replace('{o}',o) for o in ('asIs','asMissingValues','asExtremeValues')}
exprs['discretize']='<Discretize field="a" dataType="double" defaultValue="9" mapMissingTo="-5"><DiscretizeBin binValue="1"><Interval closure="openClosed" rightMargin="-1"/></DiscretizeBin><DiscretizeBin binValue="2"><Interval closure="openOpen" leftMargin="-1" rightMargin="1"/></DiscretizeBin><DiscretizeBin binValue="3"><Interval closure="closedOpen" leftMargin="1" rightMargin="2.5"/></DiscretizeBin></Discretize>'
exprs['map']='<MapValues outputColumn="out" dataType="double" defaultValue="7" mapMissingTo="-1"><FieldColumnPair field="c" column="in"/><InlineTable><row><in>red</in><out>1.5</out></row><row><in>green</in><out>2.5</out></row></InlineTable></MapValues>'
def ap(f,*args,**kw): return f'<Apply function="{f}"'+''.join(f' {k}="{v}"' for k,v in kw.items())+'>'+''.join(args)+'</Apply>'
a,b,c='<FieldRef field="a"/>','<FieldRef field="b"/>','<FieldRef field="c"/>'
def k(v): return f'<Constant>{v}</Constant>'
for f in ('abs','exp','floor','ceil','round','sqrt','ln','log10','expm1','ln1p','rint','sin','cos','tan','tanh','stdNormalCDF'):
    exprs['fn-'+f]=ap(f,ap('abs',a)) if f in ('sqrt','ln','log10') else ap(f,a)
for f in ('+','-','*','/','min','max','sum','avg','product','median','pow','modulo','hypot','atan2'): exprs['fn-'+{'+':'plus','-':'minus','*':'times','/':'over'}.get(f,f)]=ap(f,b,a) if f!='pow' else ap(f,ap('abs',b),a)
for f in ('equal','notEqual','lessThan','greaterOrEqual'): exprs['if-'+f]=ap('if',ap(f,a,k(0.0)),k(1.0),b)
exprs['if-text']=ap('if',ap('equal',c,k('red')),k(1.0),k(2.0))
exprs['if-and']=ap('if',ap('and',ap('greaterThan',a,k(0)),ap('lessThan',b,k(3))),k(1.0),k(2.0))
exprs['if-or']=ap('if',ap('or',ap('greaterThan',a,k(0)),ap('lessThan',b,k(1))),k(1.0),k(2.0))
exprs['if-not']=ap('if',ap('not',ap('greaterThan',a,k(0))),k(1.0),k(2.0))
exprs['if-isin']=ap('if',ap('isIn',c,k('red'),k('blue')),k(1.0),k(2.0))
exprs['if-missing']=ap('if',ap('isMissing',a),k(1.0),a)
exprs['default']=ap('+',a,b,defaultValue='-77'); exprs['mapmissing']=ap('+',a,b,mapMissingTo='-78')
exprs['threshold']=ap('threshold',a,k(0.5))
for n,e in exprs.items():
    doc('expr-'+n, f'<RegressionModel functionName="regression">{MS}<LocalTransformations><DerivedField name="d" optype="continuous" dataType="double">{e}</DerivedField></LocalTransformations><RegressionTable intercept="0"><NumericPredictor name="d" coefficient="1"/></RegressionTable></RegressionModel>')
# treatments
for n,at in {'asmissing':'invalidValueTreatment="asMissing"','returninvalid':'','repl':'missingValueReplacement="red" invalidValueTreatment="asMissing"'}.items():
    ms=MS.replace('<MiningField name="c" invalidValueTreatment="asIs"/>',f'<MiningField name="c" {at}/>').replace('<MiningField name="a"/>','<MiningField name="a" outliers="asExtremeValues" lowValue="-1.5" highValue="1.5" missingValueReplacement="0.5"/>')
    doc('treat-'+n, f'<RegressionModel functionName="regression">{ms}<Targets><Target field="y" rescaleFactor="2" rescaleConstant="1" min="-3" max="4" castInteger="round"/></Targets><RegressionTable intercept="0.5"><NumericPredictor name="a" coefficient="1.25"/><CategoricalPredictor name="c" value="red" coefficient="3"/><CategoricalPredictor name="c" value="blue" coefficient="-2"/><PredictorTerm coefficient="0.5"><FieldRef field="a"/><FieldRef field="b"/></PredictorTerm></RegressionTable></RegressionModel>')
for nm in ('none','softmax','logit','probit','cloglog','loglog','cauchit','simplemax'):
    doc('reg-'+nm, f'<RegressionModel functionName="classification" normalizationMethod="{nm}">{MS}<RegressionTable targetCategory="low" intercept="0.2"><NumericPredictor name="a" coefficient="0.1"/></RegressionTable><RegressionTable targetCategory="mid" intercept="0.3"><NumericPredictor name="b" coefficient="0.05" exponent="2"/></RegressionTable><RegressionTable targetCategory="high" intercept="0.1"/></RegressionModel>','categorical','string',THREE)
doc('bayes-pairs', f'<NaiveBayesModel functionName="classification" threshold="0.001">{MS}<BayesInputs><BayesInput fieldName="c"><PairCounts value="red"><TargetValueCounts><TargetValueCount value="no" count="10"/><TargetValueCount value="yes" count="3"/></TargetValueCounts></PairCounts><PairCounts value="green"><TargetValueCounts><TargetValueCount value="no" count="0"/><TargetValueCount value="yes" count="8"/></TargetValueCounts></PairCounts><PairCounts value="blue"><TargetValueCounts><TargetValueCount value="no" count="5"/><TargetValueCount value="yes" count="4"/></TargetValueCounts></PairCounts></BayesInput><BayesInput fieldName="a"><TargetValueStats><TargetValueStat value="no"><GaussianDistribution mean="-0.5" variance="1.5"/></TargetValueStat><TargetValueStat value="yes"><GaussianDistribution mean="0.7" variance="0.8"/></TargetValueStat></TargetValueStats></BayesInput></BayesInputs><BayesOutput fieldName="y"><TargetValueCounts><TargetValueCount value="no" count="15"/><TargetValueCount value="yes" count="15"/></TargetValueCounts></BayesOutput></NaiveBayesModel>','categorical','string',YES)
