# Jars by Maven, start and stop by pid. Sourced, not run.

CACHE="${SERVICES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stream-services}"

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

need_java() {  # need_java MIN MAX
  local java="${JAVA_HOME:+$JAVA_HOME/bin/}java" v
  command -v "$java" >/dev/null || die "no java found: a JDK or JRE from $1 to $2 is needed"
  v=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
  { [ "$v" -ge "$1" ] && [ "$v" -le "$2" ]; } || die "java $v found, but $1 to $2 is needed"
  JAVA="$java"
}

# jars POM -> LIB: a folder with every runtime jar of the pom; made once per pom content.
jars() {
  local pom="$1" name sum tmp
  name=$(basename "$pom" .pom.xml)
  sum=$(cksum <"$pom" | cut -d' ' -f1)
  LIB="$CACHE/lib/$name-$sum"
  [ -f "$LIB/.complete" ] && return 0
  command -v mvn >/dev/null || die "mvn is needed once, to download the jars"
  say "downloading $name (once) ..."
  tmp="$LIB.tmp.$$"; mkdir -p "$tmp"
  mvn -q -B -ntp -f "$pom" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$tmp" >&2 || { rm -rf "$tmp"; die "download failed"; }
  touch "$tmp/.complete"
  mv -T "$tmp" "$LIB" 2>/dev/null || mv "$tmp" "$LIB" 2>/dev/null || rm -rf "$tmp"  # another start was first
}

# cds NAME: sets CDS to the flags of a class-data archive beside the jars; the first clean stop makes it
# (a few seconds more), later starts take about half the CPU time.
cds() {
  local a="$LIB/$1-$("$JAVA" -version 2>&1 | cksum | cut -d' ' -f1).jsa"
  if [ -f "$a" ]; then CDS=(-XX:SharedArchiveFile="$a" -Xlog:cds=off -Xlog:cds+dynamic=off)
  else CDS=(-XX:ArchiveClassesAtExit="$a" -Xlog:cds=off -Xlog:cds+dynamic=off); fi
}

# alive PIDFILE MARK: true when that process lives and its command line has MARK (pids get reused).
alive() {
  local pid
  [ -s "$1" ] && pid=$(cat "$1") && kill -0 "$pid" 2>/dev/null &&
    ps -ww -p "$pid" -o args= 2>/dev/null | grep -qF -- "$2"
}

# stop_pid PIDFILE MARK SECONDS: TERM, then KILL after SECONDS.
stop_pid() {
  local pid i
  alive "$1" "$2" || { rm -f "$1"; return 0; }
  pid=$(cat "$1"); kill "$pid" 2>/dev/null || true
  for ((i = 0; i < $3 * 10; i++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$1"
}

# free HOST PORT: ends with a clear word where something else listens there.
free() {
  if (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; then die "$1:$2 is in use by another program: choose another --port"; fi
}

# wait_log FILE TEXT PIDFILE MARK SECONDS
wait_log() {
  local i
  for ((i = 0; i < $5 * 5; i++)); do
    grep -qF -- "$2" "$1" 2>/dev/null && return 0
    alive "$3" "$4" || { tail -n 30 "$1" >&2; die "ended while starting; log: $1"; }
    sleep 0.2
  done
  tail -n 30 "$1" >&2; die "not ready after $5 s; log: $1"
}
