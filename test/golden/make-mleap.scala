/* Bundles of MLeap with its own answers: every operation that is read, as JSON (model.zip) and as protocol buffers (model-pb.zip). Needs Java 17, and in lib/
   ml.combust.mleap:mleap-runtime_2.12:0.20.0 (or 0.16.0) with what it depends on, org.scala-lang:scala-compiler:2.12.18 (mvn dependency:copy-dependencies):
     java -cp "lib/*" scala.tools.nsc.Main -usejavacp -d out make-mleap.scala
     java -cp "lib/*:out" MakeMleap models/mleap */
import java.io._
import java.nio.file._
import ml.combust.bundle.BundleFile
import ml.combust.bundle.serializer.SerializationFormat
import ml.combust.mleap.core.classification._
import ml.combust.mleap.core.clustering._
import ml.combust.mleap.core.feature._
import ml.combust.mleap.core.regression._
import ml.combust.mleap.core.tree._
import ml.combust.mleap.core.types._
import ml.combust.mleap.runtime.MleapSupport._
import ml.combust.mleap.runtime.frame.{DefaultLeapFrame, Row, Transformer}
import ml.combust.mleap.runtime.transformer.{classification => tc, clustering => tk, feature => tf, regression => tr, Pipeline, PipelineModel}
import ml.combust.mleap.tensor.Tensor
import org.apache.spark.ml.linalg.{DenseMatrix, Matrices, Vectors}
import org.apache.spark.ml.stat.distribution.MultivariateGaussian

object MakeMleap {
  val rand = new java.util.Random(5)
  def g(n: Int, scale: Double = 1.0): Array[Double] = Array.fill(n)(rand.nextGaussian() * scale)
  val S = ScalarShape(true)
  def T(n: Int) = TensorShape(Some(Seq(n)), true)
  def shape(ins: Seq[(String, String)], outs: Seq[(String, String)]): NodeShape = {
    val a = ins.foldLeft(NodeShape())((s, p) => s.withInput(p._1, p._2)); outs.foldLeft(a)((s, p) => s.withOutput(p._1, p._2))
  }
  def io(i: String, o: String) = shape(Seq("input" -> i), Seq("output" -> o))
  def many(i: Seq[String], o: String) = shape(i.zipWithIndex.map { case (n, k) => s"input$k" -> n }, Seq("output" -> o))
  def cls(f: String, p: String) = shape(Seq("features" -> f), Seq("raw_prediction" -> (p + "_raw"), "probability" -> (p + "_probability"), "prediction" -> p))
  def reg(f: String, p: String) = shape(Seq("features" -> f), Seq("prediction" -> p))

  def cell(v: Any): Seq[String] = v match {
    case null => Seq("")
    case Some(x) => cell(x)
    case None => Seq("")
    case d: Double => Seq(if (d.isNaN) "NaN" else d.toString)
    case i: Int => Seq(i.toString)
    case i: Long => Seq(i.toString)
    case t: Tensor[_] => t.toDense.values.toSeq.flatMap((x: Any) => cell(x))
    case s: String => Seq(if (s.exists(c => c == ',' || c == '"')) "\"" + s.replace("\"", "\"\"") + "\"" else s)
  }
  def width(v: Any): Int = cell(v).length

  def write(dir: String, stages: Seq[Transformer], schema: StructType, rows: Seq[Row], outs: Seq[String], formats: Seq[String]): Unit = {
    val d = Paths.get(dir); Files.createDirectories(d)
    val frame = DefaultLeapFrame(schema, rows)
    val pipe = Pipeline("pipeline", NodeShape(), PipelineModel(stages))
    val res = pipe.transform(frame).get.select(outs: _*).get
    val data = res.collect()
    val header = outs.zipWithIndex.flatMap { case (o, k) => data.head.getRaw(k) match { case t: Tensor[_] => (0 until width(t)).map(j => s"${o}_$j"); case _ => Seq(o) } }
    Files.write(d.resolve("expected.csv"), (header.mkString(",") +: data.map(r => (0 until outs.length).flatMap(k => cell(r.getRaw(k))).mkString(","))).mkString("", "\n", "\n").getBytes("UTF-8"))
    Files.write(d.resolve("inputs.csv"), (schema.fields.map(_.name).mkString(",") +: rows.map(r => schema.fields.indices.flatMap(k => cell(r.getRaw(k))).mkString(","))).mkString("", "\n", "\n").getBytes("UTF-8"))
    for (f <- formats) {
      val file = d.resolve(if (f == "json") "model.zip" else "model-pb.zip"); Files.deleteIfExists(file)
      val bf = BundleFile("jar:file:" + file.toAbsolutePath)
      try { pipe.writeBundle.format(if (f == "json") SerializationFormat.Json else SerializationFormat.Protobuf).save(bf).get } finally bf.close()
    }
    println(dir, header.length, data.length)
  }

  def main(args: Array[String]): Unit = {
    val nums = Seq("a", "b", "c", "d")
    def num(i: Int, k: Int): Double = (i + k) % 11 match { case 0 => 0.0; case 1 => -0.0; case 2 => 2.5; case 3 => -2.5; case 4 => 0.5; case 5 => 1e6; case 6 => -1.5; case _ => rand.nextGaussian() * (k + 1) }

    { // ops-features
      val schema = StructType(nums.map(n => StructField(n, ScalarType.Double.nonNullable)) ++ Seq(StructField("p", ScalarType.Double.nonNullable), StructField("n1", ScalarType.Double), StructField("n2", ScalarType.Double),
        StructField("city", ScalarType.String), StructField("word", ScalarType.String), StructField("cat", ScalarType.Double.nonNullable))).get
      val cities = Seq("Łódź", "New York", "東京", "a,b"); val words = Seq("x", "y", "z")
      val rows = (0 until 66).map { i =>
        val n1: Any = if (i % 5 == 0) null else if (i % 7 == 0) -1.0 else num(i, 3)
        val n2: Any = if (i % 3 == 0) null else num(i, 1)
        val city: String = if (i % 13 == 0) null else if (i % 11 == 0) "Paris" else cities(i % 4)
        Row(num(i, 0), num(i, 1), num(i, 2), num(i, 3), 0.1 + rand.nextDouble() * 3, n1, n2, city, words(i % 3), Seq(3.0, 5.0, -1.0, 8.0)(i % 4))
      }
      val st = Seq.newBuilder[Transformer]; val outs = Seq.newBuilder[String]
      def add(o: String, t: Transformer): Unit = { st += t; outs += o }
      st += tf.VectorAssembler("va", many(nums, "v"), VectorAssemblerModel(Seq(S, S, S, S)))
      add("scaled_mean", tf.StandardScaler("ss1", io("v", "scaled_mean"), StandardScalerModel(None, Some(Vectors.dense(g(4))))))
      add("scaled_std", tf.StandardScaler("ss2", io("v", "scaled_std"), StandardScalerModel(Some(Vectors.dense(1.5, 0.0, 3.3, 0.7)), None)))
      add("scaled_both", tf.StandardScaler("ss3", io("v", "scaled_both"), StandardScalerModel(Some(Vectors.dense(1.5, 0.0, 3.3, 0.7)), Some(Vectors.dense(g(4))))))
      add("min_max", tf.MinMaxScaler("mm", io("v", "min_max"), MinMaxScalerModel(Vectors.dense(-1.7, 2.0, -3.0, 0.1), Vectors.dense(3.3, 2.0, 5.1, 0.7), -1.0, 2.0)))
      add("min_max_default", tf.MinMaxScaler("mm2", io("v", "min_max_default"), MinMaxScalerModel(Vectors.dense(-1.7, 2.0, -3.0, 0.1), Vectors.dense(3.3, 2.5, 5.1, 0.7))))
      add("max_abs", tf.MaxAbsScaler("ma", io("v", "max_abs"), MaxAbsScalerModel(Vectors.dense(2.0, 0.0, 3.0, 7.7))))
      for ((p, k) <- Seq(1.0, 2.0, 3.0).zipWithIndex) add(s"norm$k", tf.Normalizer(s"no$k", io("v", s"norm$k"), NormalizerModel(p, 4)))
      add("binary", tf.Binarizer("bi", io("a", "binary"), BinarizerModel(0.5, ScalarShape(false))))
      add("binaries", tf.Binarizer("bv", io("v", "binaries"), BinarizerModel(0.5, T(4))))
      add("bucket", tf.Bucketizer("bu", io("c", "bucket"), BucketizerModel(Array(Double.MinValue, -2.5, 0.5, 2.5, Double.MaxValue))))
      add("imputed", tf.Imputer("im", io("n1", "imputed"), ImputerModel(4.25, -1.0, "mean", true)))
      add("pca", tf.Pca("pc", io("v", "pca"), PcaModel(new DenseMatrix(4, 2, g(8)))))
      add("poly", tf.PolynomialExpansion("po", io("v", "poly"), PolynomialExpansionModel(2, 4)))
      add("product", tf.ElementwiseProduct("ep", io("v", "product"), ElementwiseProductModel(Vectors.dense(g(4)))))
      add("idf", tf.IDF("id", io("v", "idf"), IDFModel(Vectors.dense(g(4)))))
      add("slice", tf.VectorSlicer("vs", io("v", "slice"), VectorSlicerModel(Array(3, 1), Array("a" -> 0), 4)))
      add("chi", tf.ChiSqSelector("ch", io("v", "chi"), ChiSqSelectorModel(Seq(0, 2, 3), 4)))
      st += tf.VectorAssembler("va2", many(Seq("cat", "d"), "w"), VectorAssemblerModel(Seq(S, S)))
      add("indexed", tf.VectorIndexer("vi", io("w", "indexed"), VectorIndexerModel(2, Map(0 -> Map(3.0 -> 1, 5.0 -> 0, -1.0 -> 2)), HandleInvalid.Keep)))
      st += tf.StringIndexer("si", io("city", "city_i"), StringIndexerModel(cities, HandleInvalid.Keep))
      st += tf.StringIndexer("sw", io("word", "word_i"), StringIndexerModel(Seq("z", "x", "y"), HandleInvalid.Error))
      add("city_hot", tf.OneHotEncoder("oh", shape(Seq("input0" -> "city_i"), Seq("output0" -> "city_hot")), OneHotEncoderModel(Array(4), HandleInvalid.Keep, false)))
      add("word_hot", tf.OneHotEncoder("ow", shape(Seq("input0" -> "word_i"), Seq("output0" -> "word_hot")), OneHotEncoderModel(Array(3), HandleInvalid.Error, true)))
      add("word_again", tf.ReverseStringIndexer("rs", io("word_i", "word_again"), ReverseStringIndexerModel(Seq("z", "x", "y"))))
      add("crossed", tf.Interaction("in", many(Seq("word_i", "v", "c"), "crossed"), InteractionModel(Array(Array(3), Array(1, 1, 1, 1), Array(1)), Seq(ScalarShape(false), T(4), ScalarShape(false)))))
      add("mapped", tf.StringMap("sm", io("word", "mapped"), StringMapModel(Map("x" -> 1.5, "y" -> -2.0, "z" -> 0.0))))
      add("mapped_keep", tf.StringMap("sk", io("city", "mapped_keep"), StringMapModel(Map("Łódź" -> 1.5, "東京" -> -2.0), HandleInvalid.Keep, 7.0)))
      add("first", tf.Coalesce("co", many(Seq("n1", "n2", "a"), "first"), CoalesceModel(Seq(true, true, false))))
      for (o <- UnaryOperation.all.toSeq.sortBy(_.name) if o.name != "logit") add(s"u_${o.name}", tf.MathUnary(s"u_${o.name}", io(if (o.name == "log" || o.name == "sqrt") "p" else if (o.name == "exp") "c" else "b", s"u_${o.name}"), MathUnaryModel(o)))
      for (o <- BinaryOperation.all.toSeq.sortBy(_.name)) add(s"b_${o.name}", tf.MathBinary(s"b_${o.name}", shape(Seq("input_a" -> (if (o.name == "log_n" || o.name == "pow") "p" else "a"), "input_b" -> (if (o.name == "log_n") "imputedp" else "b")), Seq("output" -> s"b_${o.name}")).copy(), MathBinaryModel(o)) match { case m if o.name == "log_n" => m.copy(shape = shape(Seq("input_a" -> "p"), Seq("output" -> s"b_${o.name}")), model = MathBinaryModel(o, None, Some(3.0))); case m => m })
      write(s"${args(0)}/ops-features", st.result(), schema, rows, outs.result(), Seq("json", "protobuf"))
    }
    { // ops-models
      val names = Seq("f0", "f1", "f2", "f3", "k0", "k1")
      val schema = StructType(names.map(n => StructField(n, ScalarType.Double.nonNullable))).get
      val rows = (0 until 66).map(i => Row(num(i, 0) min 50, num(i, 1) min 50, num(i, 2) min 50, num(i, 3) min 50, (i % 4).toDouble, (i % 40).toDouble))
      val rows2 = rows
      val st = Seq.newBuilder[Transformer]; val outs = Seq.newBuilder[String]
      def add(t: Transformer, o: String*): Unit = { st += t; outs ++= o }
      def three(p: String) = Seq(p, p + "_probability", p + "_raw")
      def leaf(n: Int): Node = LeafNode(if (n == 1) Seq(rand.nextGaussian()) else Seq.fill(n)(rand.nextInt(6).toDouble).updated(rand.nextInt(n), 3.0))
      def tree(depth: Int, n: Int): Node = if (depth == 0 || rand.nextInt(8) == 0) leaf(n) else {
        val split = rand.nextInt(6) match {
          case k if k < 4 => ContinuousSplit(k, Seq(0.0, 0.5, -1.5, 2.5, rand.nextGaussian())(rand.nextInt(5)))
          case 4 => CategoricalSplit(4, 4, Seq(0.0, 1.0, 3.0).take(1 + rand.nextInt(3)).toArray, rand.nextBoolean())
          case _ => CategoricalSplit(5, 40, Seq(0.0, 5.0, 33.0, 39.0, 12.0).take(1 + rand.nextInt(5)).toArray, rand.nextBoolean())
        }
        InternalNode(tree(depth - 1, n), tree(depth - 1, n), split)
      }
      def regTree() = DecisionTreeRegressionModel(tree(4, 1), 6)
      st += tf.VectorAssembler("va", many(names, "v"), VectorAssemblerModel(Seq.fill(6)(S)))
      st += tf.VectorAssembler("vp", many(Seq("k0", "k1"), "counts"), VectorAssemblerModel(Seq.fill(2)(S)))
      st += tf.Binarizer("vb", io("v", "bits"), BinarizerModel(0.3, T(6)))
      add(tr.DecisionTreeRegression("dtr", reg("v", "dtr"), regTree()), "dtr")
      add(tc.DecisionTreeClassifier("dtc", cls("v", "dtc"), DecisionTreeClassifierModel(tree(4, 3), 6, 3)), three("dtc"): _*)
      add(tc.RandomForestClassifier("rfc", cls("v", "rfc"), RandomForestClassifierModel(Seq.fill(5)(DecisionTreeClassifierModel(tree(3, 3), 6, 3)), Seq.fill(5)(1.0), 6, 3, Some(Array(0.3, 0.5, 0.2)))), three("rfc"): _*)
      add(tc.GBTClassifier("gbc", cls("v", "gbc"), GBTClassifierModel(Seq.fill(4)(regTree()), Seq(1.0, 0.1, 0.1, 0.3), 6)), three("gbc"): _*)
      add(tr.GBTRegression("gbr", reg("v", "gbr"), GBTRegressionModel(Seq.fill(4)(regTree()), Seq(1.0, 0.1, 0.1, 0.3), 6)), "gbr")
      add(tr.RandomForestRegression("rfr", reg("v", "rfr"), RandomForestRegressionModel(Seq.fill(3)(regTree()), Seq.fill(3)(1.0), 6)), "rfr")
      add(tc.LogisticRegression("lr2", cls("v", "lr2"), LogisticRegressionModel(BinaryLogisticRegressionModel(Vectors.dense(g(6)), 0.0, 0.35))), three("lr2"): _*)
      add(tc.LogisticRegression("lr3", cls("v", "lr3"), LogisticRegressionModel(ProbabilisticLogisticsRegressionModel(Matrices.dense(3, 6, g(18)), Vectors.dense(g(3)), Some(Array(0.2, 0.3, 0.5))))), three("lr3"): _*)
      add(tc.LinearSVC("svc", shape(Seq("features" -> "v"), Seq("raw_prediction" -> "svc_raw", "prediction" -> "svc")), LinearSVCModel(Vectors.dense(g(6)), 0.3, -0.25)), "svc", "svc_raw")
      add(tc.SupportVectorMachine("svm", shape(Seq("features" -> "v"), Seq("raw_prediction" -> "svm_raw", "prediction" -> "svm")), SupportVectorMachineModel(Vectors.dense(g(6)), -0.2)), "svm", "svm_raw")
      add(tc.NaiveBayesClassifier("nbm", cls("counts", "nbm"), NaiveBayesModel(2, 3, Vectors.dense(g(3)), Matrices.dense(3, 2, g(6).map(x => -math.abs(x))), NaiveBayesModel.Multinomial)), three("nbm"): _*)
      add(tc.NaiveBayesClassifier("nbb", cls("bits", "nbb"), NaiveBayesModel(6, 3, Vectors.dense(g(3)), Matrices.dense(3, 6, g(18).map(x => -0.01 - math.abs(x))), NaiveBayesModel.Bernoulli)), three("nbb"): _*)
      add(tc.MultiLayerPerceptronClassifier("mlp", cls("v", "mlp"), MultiLayerPerceptronClassifierModel(Seq(6, 4, 5, 3), Vectors.dense(g(28 + 25 + 18)))), three("mlp"): _*)
      val binary = Seq.fill(3)(LogisticRegressionModel(BinaryLogisticRegressionModel(Vectors.dense(g(6, 4)), 0.4, 0.5)): ClassificationModel).toArray
      add(tc.OneVsRest("ovr", shape(Seq("features" -> "v"), Seq("raw_prediction" -> "ovr_raw", "prediction" -> "ovr")), OneVsRestModel(binary, 6)), "ovr", "ovr_raw")
      add(tr.LinearRegression("lin", reg("v", "lin"), LinearRegressionModel(Vectors.dense(g(6)), 0.0)), "lin")
      import GeneralizedLinearRegressionModel._
      for ((f, l, k) <- Seq((Gaussian, Identity, 0), (Binomial, Logit, 1), (Poisson, Log, 2), (Gamma, Inverse, 3), (Binomial, Probit, 4), (Binomial, CLogLog, 5), (Poisson, Sqrt, 6)))
        add(tr.GeneralizedLinearRegression(s"glm$k", shape(Seq("features" -> "v"), Seq("prediction" -> s"glm$k", "link_prediction" -> s"glm${k}_link")), GeneralizedLinearRegressionModel(Vectors.dense(g(6, 0.1)), 0.2, new FamilyAndLink(f, l))), s"glm$k", s"glm${k}_link")
      add(tr.AFTSurvivalRegression("aft", shape(Seq("features" -> "v"), Seq("prediction" -> "aft", "quantiles" -> "aft_quantiles")), AFTSurvivalRegressionModel(Vectors.dense(g(6, 0.1)), 0.5, Array(0.1, 0.5, 0.99), 1.4)), "aft", "aft_quantiles")
      add(tr.IsotonicRegression("iso", reg("f0", "iso"), IsotonicRegressionModel(Array(-2.5, -1.0, 0.5, 2.5), Seq(1.0, 1.5, 3.0, 3.5), true, None)), "iso")
      add(tr.IsotonicRegression("isv", reg("v", "isv"), IsotonicRegressionModel(Array(-2.5, -1.0, 0.5, 2.5), Seq(4.0, 2.5, 2.0, -3.5), false, Some(2))), "isv")
      import org.apache.spark.ml.linalg.mleap.VectorWithNorm
      def node(i: Int, c: ClusteringTreeNode*) = ClusteringTreeNode(i, VectorWithNorm(Vectors.dense(g(6, 2))), c.toArray)
      add(tk.BisectingKMeans("bkm", reg("v", "bkm"), BisectingKMeansModel(node(-1, node(-2, node(0), node(1)), node(-3, node(2), node(-4, node(3), node(4)))))), "bkm")
      def cov() = { val m = Array.fill(2)(g(2)); new DenseMatrix(2, 2, Array(m(0)(0) * m(0)(0) + m(0)(1) * m(0)(1) + 0.1, m(0)(0) * m(1)(0) + m(0)(1) * m(1)(1), m(0)(0) * m(1)(0) + m(0)(1) * m(1)(1), m(1)(0) * m(1)(0) + m(1)(1) * m(1)(1) + 0.1)) }
      st += tf.VectorAssembler("vg", many(Seq("f0", "f1"), "pair"), VectorAssemblerModel(Seq.fill(2)(S)))
      add(tk.GaussianMixture("gmm", shape(Seq("features" -> "pair"), Seq("prediction" -> "gmm", "probability" -> "gmm_probability")), GaussianMixtureModel(Array.fill(2)(new MultivariateGaussian(Vectors.dense(g(2)), cov())), Array(0.4, 0.6))), "gmm", "gmm_probability")
      add(tk.KMeans("km", reg("v", "km"), KMeansModel(Seq.fill(4)(Vectors.dense(g(6, 3))), 6)), "km")
      write(s"${args(0)}/ops-models", st.result(), schema, rows2, outs.result(), Seq("json", "protobuf"))
    }
  }
}
