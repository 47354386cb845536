#!/usr/bin/env bash
# Kafka -> model -> Kafka by the JVM peers; one JSON line a result on stdout.
#   run-peers.sh build            the JVM peers, with Maven
#   run-peers.sh models           what they score with, with PYTHON (requirements.txt); and the same models for Sluice
#   run-peers.sh load    --bootstrap B [--flat N] [--array N]
#   run-peers.sh library [--engines "onnx jpmml mleap mleap-row"] [--models "lr rf ffnn"] [--batches "1 256"]
#   run-peers.sh drain   --bootstrap B [--systems "kstreams flink sluice"] [--engines ...] [--models ...] [--parallel "1 2"] [--reps 1]
#   run-peers.sh latency --bootstrap B [--rates "1000 5000"] [--linger 0] ... (as drain)
# Another system joins the same run: --systems "kstreams mine" with MINE='cmd --bootstrap {bootstrap} --in {in} --out {out} --group {group}'
# in the environment (upper case of its name); {engine}, {model}, {parallelism}, {models}, {dir} are filled in too.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PY="${PYTHON:-python3}"; MODELS="${MODELS_DIR:-$HERE/models}"; NICE="${NICE:-nice -n 10}"
cmd="${1:-}"; shift || true; done_=""
bootstrap="" systems="kstreams flink sluice" engines="" models="" parallel="1" reps=1 rates="1000 5000" batches="1 256" flat=4000000 array=200000 warm=8 window=8 minsec=0 seconds=25 skip=10 guarantee=at_least_once linger=5
while [ $# -gt 0 ]; do v="${1#--}"; case "$v" in bootstrap|systems|engines|models|parallel|reps|rates|batches|flat|array|warm|window|minsec|seconds|skip|guarantee|linger) printf -v "$v" %s "$2"; shift 2;; *) echo "unknown option $1" >&2; exit 2;; esac; done
JVM="-Xms512m -Xmx1g -XX:+UseG1GC --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED"
cp_of() { echo "$HERE/$1/target/$1-1.jar:$HERE/$1/target/lib/*"; }
pairs() {  # the engine and model pairs that make sense
  local e m
  for m in ${models:-lr rf ffnn}; do for e in ${engines:-noop parse onnx jpmml mleap}; do
    case "$e-$m" in jpmml-ffnn|mleap-ffnn|mleap-row-ffnn|noop-rf|parse-rf) continue;; esac
    echo "$e $m"
  done; done
}
command_of() {  # SYSTEM ENGINE MODEL PARALLELISM -> array CMD
  local v
  case "$1" in
    kstreams) CMD=(java $JVM -cp "$(cp_of kstreams)" peers.KStreamsPeer --bootstrap '{bootstrap}' --in '{in}' --out '{out}' --group '{group}' --from '{from}' --state '{dir}' --engine "$2" --model "$3" --models "$MODELS" --parallelism "$4" --guarantee "$guarantee" --linger "$linger") ;;
    flink) CMD=(java $JVM -cp "$(cp_of flink)" peers.FlinkPeer --bootstrap '{bootstrap}' --in '{in}' --out '{out}' --group '{group}' --from '{from}' --engine "$2" --model "$3" --models "$MODELS" --parallelism "$4" --guarantee "$guarantee" --linger "$linger") ;;
    sluice) local set="--set"; CMD=(node "$HERE/../../bin/sluice.js" run "$HERE/$3.yaml" $set 'source.kafka.brokers={bootstrap}' $set 'source.kafka.topics=[{in}]' $set 'source.kafka.group={group}' $set 'source.kafka.from={from}'
      $set "strategy.embedded.model=$MODELS/$3.model" $set 'sink.kafka.topic={out}' $set "sink.kafka.lingerMs=$linger" $set "delivery.guarantee=$([ "$guarantee" = at_least_once ] && echo at-least-once || echo exactly-once)" --executors "$4" --log-level warn) ;;
    *) v=$(echo "$1" | tr 'a-z-' 'A-Z_'); v="${!v:?set $v to the command of system $1}"
       v="${v//\{engine\}/$2}"; v="${v//\{model\}/$3}"; v="${v//\{parallelism\}/$4}"; v="${v//\{models\}/$MODELS}"; read -ra CMD <<<"$v" ;;
  esac
}
case "$cmd" in
  models) "$PY" "$HERE/make-models.py" "$MODELS" && node "$HERE/sluice-models.ts" "$MODELS" ;;
  build) mvn -q -B -ntp -f "$HERE/pom.xml" package ;;
  load) "$PY" "$HERE/drive.py" load --bootstrap "$bootstrap" --topic flat30 --file "$MODELS/flat30.jsonl" --records "$flat"
        "$PY" "$HERE/drive.py" load --bootstrap "$bootstrap" --topic array784 --file "$MODELS/array784.jsonl" --records "$array" ;;
  library) engines="${engines:-parse onnx jpmml mleap mleap-row}"
    pairs | while read -r e m; do for b in $batches; do
      [ "$e" = onnx ] || [ "$b" = 1 ] || continue  # the others have no batch call
      $NICE java -Xms512m -Xmx1g -cp "$(cp_of core)" peers.LibBench --engine "$e" --model "$m" --models "$MODELS" --batch "$b" --json "$([ "$e" = parse ] && echo 1 || echo 0)" --seconds "${LIB_SECONDS:-4}" --reps "${LIB_REPS:-3}" 2>/dev/null </dev/null || echo "failed: $e $m $b" >&2
    done; done ;;
  drain|latency)
    for ((r = 0; r < reps; r++)); do for par in $parallel; do while read -r e m; do for s in $systems; do
      topic=flat30; [ "$m" != ffnn ] || topic=array784
      # Sluice is warm sooner, and would be through with the topic before the others are warm; it has one engine of its own: once a model, beside the first of the others
      if [ "$s" = sluice ]; then [ "$done_" != "$r $par $m" ] || continue; done_="$r $par $m"; fi
      command_of "$s" "$e" "$m" "$par"
      name="$s/$e/$m/p$par"; [ "$guarantee" = at_least_once ] || name="$name/$guarantee"; [ "$linger" = 5 ] || name="$name/linger$linger"
      if [ "$cmd" = drain ]; then
        $NICE "$PY" "$HERE/drive.py" drain --bootstrap "$bootstrap" --topic "$topic" --name "$name" --warm "$([ "$s" = sluice ] && echo 1.5 || echo "$warm")" --window "$([ "$s" = sluice ] && echo 2.5 || echo "$window")" --min-seconds "$minsec" -- "${CMD[@]}" </dev/null || echo "failed: $name" >&2
      else for rate in $rates; do
        $NICE "$PY" "$HERE/drive.py" latency --bootstrap "$bootstrap" --file "$MODELS/$topic.jsonl" --rate "$rate" --seconds "$seconds" --skip "$skip" --name "$name" -- "${CMD[@]}" </dev/null || echo "failed: $name" >&2
      done; fi
    done; done < <(pairs); done; done ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
