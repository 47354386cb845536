import java.io.*; import java.nio.file.*; import java.util.*;
import org.jpmml.evaluator.*; import org.jpmml.model.*;
public class Judge {
  public static void main(String[] a) throws Exception {
    for (String dir : a) {
      Evaluator e = new LoadingModelEvaluatorBuilder().load(new File(dir, "model.pmml")).build(); e.verify();
      List<String> lines = Files.readAllLines(Paths.get(dir, "inputs.csv")); String[] h = lines.get(0).split(",", -1);
      StringBuilder out = new StringBuilder(); List<String> cols = null;
      for (String l : lines.subList(1, lines.size())) {
        String[] c = l.split(",", -1); Map<String, Object> m = new LinkedHashMap<>();
        for (int i = 0; i < h.length; i++) m.put(h[i], c[i].isEmpty() ? null : c[i]);
        Map<String, FieldValue> args = new LinkedHashMap<>(); String err = ""; Map<String, Object> r = new LinkedHashMap<>();
        try {
          for (InputField f : e.getInputFields()) args.put(f.getName(), f.prepare(m.get(f.getName())));
          Map<String, ?> res = e.evaluate(args);
          for (TargetField t : e.getTargetFields()) { Object v = res.get(t.getName()); if (v instanceof Computable) { if (v instanceof HasProbability && e.getOutputFields().isEmpty()) for (Object k : ((HasProbability) v).getCategories()) r.put("probability(" + k + ")", ((HasProbability) v).getProbability(k)); v = ((Computable) v).getResult(); } Map<String, Object> r2 = new LinkedHashMap<>(); r2.put(t.getName() == null ? "_result" : t.getName(), v); r2.putAll(r); r = r2; }
          for (OutputField o : e.getOutputFields()) r.put(o.getName(), res.get(o.getName()));
        } catch (Exception x) { err = x.getClass().getSimpleName(); }
        if (cols == null && err.isEmpty()) { cols = new ArrayList<>(r.keySet()); out.insert(0, String.join(",", cols) + ",error\n"); }
        StringJoiner j = new StringJoiner(",");
        if (cols != null) for (String k : cols) { Object v = r.get(k); j.add(v == null ? "" : v.toString()); }
        j.add(err); out.append(j).append("\n");
      }
      Files.writeString(Paths.get(dir, "expected_jpmml.csv"), out.toString());
      System.out.println(dir + " " + cols);
    }
  }
}
