import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import org.jpmml.evaluator.*;

/** For each folder: model.pmml and inputs.csv to expected_jpmml.csv, the targets, probabilities and outputs; `error` where a row has no answer. `java -cp JARS make-pmml.java OUTDIR/*` */
public final class Judge {
  static List<List<String>> csv(Path path) throws IOException {
    List<List<String>> rows = new ArrayList<>(); List<String> row = new ArrayList<>(); StringBuilder cell = new StringBuilder(); boolean quoted = false;
    String text = Files.readString(path, StandardCharsets.UTF_8);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted) { if (c != '"') cell.append(c); else if (i + 1 < text.length() && text.charAt(i + 1) == '"') { cell.append('"'); i++; } else quoted = false; }
      else if (c == '"') quoted = true;
      else if (c == ',') { row.add(cell.toString()); cell.setLength(0); }
      else if (c == '\n') { row.add(cell.toString()); cell.setLength(0); rows.add(row); row = new ArrayList<>(); }
      else if (c != '\r') cell.append(c);
    }
    return rows;
  }
  static String quoted(String s) { return s.matches("(?s).*[,\"\n].*") ? '"' + s.replace("\"", "\"\"") + '"' : s; }
  static String text(Object value) {
    if (value == null) return "";
    if (value instanceof Computable) return text(((Computable) value).getResult());
    return String.valueOf(value);
  }
  public static void main(String[] args) throws Exception {
    for (String arg : args) {
      Path folder = Path.of(arg);
      Evaluator evaluator;
      try {
        evaluator = new LoadingModelEvaluatorBuilder().load(folder.resolve("model.pmml").toFile()).build();
        evaluator.verify();
      } catch (Exception e) { System.err.println(folder.getFileName() + ": " + e); continue; }
      List<List<String>> rows = csv(folder.resolve("inputs.csv"));
      List<String> names = rows.get(0);
      List<Map<String, String>> results = new ArrayList<>();
      Set<String> columns = new LinkedHashSet<>();
      Map<String, Integer> errors = new LinkedHashMap<>();
      for (List<String> row : rows.subList(1, rows.size())) {
        Map<String, Object> record = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) record.put(names.get(i), row.get(i).isEmpty() ? null : row.get(i));
        Map<String, String> result = new LinkedHashMap<>();
        try {
          Map<String, ?> answer = evaluator.evaluate(record);
          for (TargetField target : evaluator.getTargetFields()) {
            Object value = answer.get(target.getName());
            if (value instanceof HasRuleValues) continue;
            String name = target.isSynthetic() ? "_result" : target.getName();
            result.put(name, text(value));
            if (evaluator.getOutputFields().isEmpty() && value instanceof HasProbability) for (Object category : ((HasProbability) value).getCategories()) {
              Double p = ((HasProbability) value).getProbability(category);
              result.put("probability(" + category + ")", p == null ? "" : String.valueOf(p));
            }
          }
          for (OutputField output : evaluator.getOutputFields()) result.put(output.getName(), text(answer.get(output.getName())));
        } catch (Exception e) {
          String message = e.getClass().getSimpleName();
          errors.merge(message + ": " + String.valueOf(e.getMessage()).split("\n")[0], 1, Integer::sum);
          result.put("error", message);
        }
        for (String name : result.keySet()) if (!name.equals("error")) columns.add(name);
        results.add(result);
      }
      columns.add("error");
      StringBuilder out = new StringBuilder();
      out.append(String.join(",", columns.stream().map(Judge::quoted).toList())).append('\n');
      for (Map<String, String> result : results) out.append(String.join(",", columns.stream().map(c -> quoted(result.getOrDefault(c, ""))).toList())).append('\n');
      Files.writeString(folder.resolve("expected_jpmml.csv"), out.toString());
      System.err.println(folder.getFileName() + ": " + results.size() + " rows, " + columns + (errors.isEmpty() ? "" : " " + errors));
    }
  }
}
