"""Values framed by the serializers of confluent-kafka (fastavro, protobuf), with what they mean: payloads.json.
python -m venv v; v/bin/pip install 'confluent-kafka[avro,protobuf,json]==2.16.1' grpcio-tools; v/bin/python make.py
The schemas are those of a registry that lives in this process; ids are its own."""
import base64, datetime as dt, decimal, json, math, pathlib, subprocess, sys, tempfile, uuid

import confluent_kafka
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient, header_schema_id_serializer
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

here = pathlib.Path(__file__).parent
registry = SchemaRegistryClient.new_client({"url": "mock://here"})
cases = []


def context(topic):
    return SerializationContext(topic, MessageField.VALUE, [])


def add(name, topic, ctx, value, expected, text=None, imports=()):
    subject = f"{topic}-value"
    version = registry.get_latest_version(subject)
    schema = version.schema
    references = [{"name": name, "text": protos[name]} for name in imports]
    for reference in schema.references or [] if text is None else []:
        references.append({"name": reference.name, "text": registry.get_version(reference.subject, reference.version).schema.schema_str})
    cases.append({
        "name": name, "type": schema.schema_type, "schema": text or schema.schema_str, "references": references,
        "id": version.schema_id, "guid": version.guid,
        "headers": [[key, base64.b64encode(bytes(header)).decode()] for key, header in ctx.headers],
        "value": base64.b64encode(value).decode(), "expected": expected,
    })


# --- Avro
everything = {"type": "record", "name": "All", "namespace": "rides.v1", "fields": [
    {"name": "flag", "type": "boolean"}, {"name": "small", "type": "int"}, {"name": "large", "type": "long"}, {"name": "beyond", "type": "long"},
    {"name": "single", "type": "float"}, {"name": "whole", "type": "double"}, {"name": "word", "type": "string"}, {"name": "raw", "type": "bytes"},
    {"name": "four", "type": {"type": "fixed", "name": "Four", "size": 4}}, {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["LEFT", "RIGHT"]}},
    {"name": "list", "type": {"type": "array", "items": "long"}}, {"name": "map", "type": {"type": "map", "values": ["null", "double"]}},
    {"name": "maybe", "type": ["null", "string"], "default": None}, {"name": "either", "type": ["string", "long", "Side"]},
    {"name": "next", "type": ["null", "All"], "default": None},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}}, {"name": "ms", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "us", "type": {"type": "long", "logicalType": "timestamp-micros"}}, {"name": "local", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
    {"name": "time", "type": {"type": "int", "logicalType": "time-millis"}},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2}},
    {"name": "fixedPrice", "type": {"type": "fixed", "name": "Twelve", "size": 12, "logicalType": "decimal", "precision": 25, "scale": 3}},
    {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
]}
utc = dt.timezone.utc
def avro(i, following=None):
    return {"flag": i % 2 == 0, "small": (-1) ** i * 2 ** (i % 31), "large": (-1) ** i * (2 ** 53 - 1 - i), "beyond": (-1) ** i * (2 ** 62 + i),
            "single": 0.5 + i, "whole": math.pi * i, "word": "gr\u00fc\u00df \U0001f680" * (i % 5), "raw": bytes(range(i)), "four": bytes([i, 0, 255, 128]), "side": ["LEFT", "RIGHT"][i % 2],
            "list": [(-1) ** j * 2 ** j for j in range(0, 53, 7)][: i], "map": {"a": None, "__proto__": 1.5, "\u00e9": float(i)}, "maybe": None if i % 3 else "yes", "either": ["a", 7, "RIGHT"][i % 3] if i % 3 != 2 else "zz",
            "next": following, "day": dt.date(1969, 12, 28) + dt.timedelta(days=i * 1000), "ms": dt.datetime(2001, 5, 3, 17, 45, 10, i * 1000, utc), "us": dt.datetime(2001, 5, 3, 17, 45, 10, 123456, utc),
            "local": dt.datetime(2001, 5, 3, 17, 45, 10, 120000 + i), "time": dt.time(1, 2, 3, 4000), "price": decimal.Decimal(-12345 + i).scaleb(-2), "fixedPrice": decimal.Decimal(10 ** 20 + i).scaleb(-3), "id": str(uuid.UUID(int=i))}
def plain(v):
    def exact(n):
        return n if abs(n) <= 2 ** 53 - 1 else str(n)
    def micros(t):
        return (t - dt.datetime(1970, 1, 1, tzinfo=t.tzinfo)) // dt.timedelta(microseconds=1)
    local = v["local"].isoformat(timespec="microseconds")
    return {**v, "large": exact(v["large"]), "beyond": exact(v["beyond"]), "raw": base64.b64encode(v["raw"]).decode(), "four": base64.b64encode(v["four"]).decode(),
            "next": v["next"] and plain(v["next"]), "day": v["day"].isoformat(), "ms": micros(v["ms"]) // 1000, "us": micros(v["us"]) / 1000,
            "local": local[:-3] if local.endswith("000") else local, "time": 3723004, "price": float(v["price"]), "fixedPrice": str(v["fixedPrice"])}

serialize = AvroSerializer(registry, json.dumps(everything))
for i in range(8):
    value = avro(i, avro(i + 1, avro(i + 2)) if i % 2 else None)
    ctx = context("everything")
    add(f"avro {i}", "everything", ctx, serialize(value, ctx), plain(value))

part = {"type": "record", "name": "rides.Part", "fields": [{"name": "x", "type": "int"}]}
whole = {"type": "record", "name": "rides.Whole", "fields": [{"name": "parts", "type": {"type": "array", "items": "rides.Part"}}]}
registry.register_schema("part", Schema(json.dumps(part), "AVRO"))
serialize = AvroSerializer(registry, Schema(json.dumps(whole), "AVRO", [SchemaReference("rides.Part", "part", 1)]))
ctx = context("whole")
add("avro with a reference", "whole", ctx, serialize({"parts": [{"x": 1}, {"x": -2}]}, ctx), {"parts": [{"x": 1}, {"x": -2}]})

serialize = AvroSerializer(registry, json.dumps(part), conf={"schema.id.serializer": header_schema_id_serializer})
ctx = context("headed")
add("avro v1", "headed", ctx, serialize({"x": 77}, ctx), {"x": 77})

# --- JSON Schema
schema = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Ride", "type": "object", "properties": {"km": {"type": "number", "minimum": 0}}, "required": ["km"]}
serialize = JSONSerializer(json.dumps(schema), registry)
ctx = context("json")
add("json", "json", ctx, serialize({"km": 1.5, "more": ["x"]}, ctx), {"km": 1.5, "more": ["x"]})
serialize = JSONSerializer(json.dumps(schema), registry, conf={"schema.id.serializer": header_schema_id_serializer})
ctx = context("json1")
add("json v1", "json1", ctx, serialize({"km": 2}, ctx), {"km": 2})

# --- Protobuf
protos = {
    "common.proto": 'syntax = "proto3";\npackage rides.common;\nmessage Unused { int32 a = 1; }\nmessage Place { double lat = 1; double lon = 2; }\n',
    "rides.proto": """syntax = "proto3";
package rides.v1;
import "common.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
enum Side { SIDE_NONE = 0; LEFT = 1; RIGHT = 2; }
message Ride {
  message Stop { string name = 1; repeated int32 times = 2; message Deep { bool yes = 1; } }
  message Other { int32 x = 1; }
  int32 i32 = 1; int64 i64 = 2; uint32 u32 = 3; uint64 u64 = 4; sint32 s32 = 5; sint64 s64 = 6;
  fixed32 f32 = 7; fixed64 f64 = 8; sfixed32 sf32 = 9; sfixed64 sf64 = 10; bool flag = 11; string word = 12; bytes raw = 13;
  float single = 14; double whole = 15; Side side = 16; repeated Side sides = 17; repeated double list = 18 [packed = false];
  map<string, int64> counts = 19; map<uint64, Stop> stops = 20; optional int32 maybe = 21; optional string text = 22;
  oneof one { int64 number = 23; Stop stop = 24; string other_name = 25; }
  rides.common.Place place = 26; google.protobuf.Timestamp at = 27; google.protobuf.Duration lasting = 28;
  google.protobuf.DoubleValue wrapped = 29; google.protobuf.Struct any = 30; google.protobuf.Int64Value big = 31; Ride next = 32;
}
message Second { string name = 1; message Inner { message Innermost { int32 v = 1; } int32 w = 1; } }
""",
}
with tempfile.TemporaryDirectory() as folder:
    for name, text in protos.items():
        (pathlib.Path(folder) / name).write_text(text)
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", f"--python_out={folder}", *protos], check=True)
    sys.path.insert(0, folder)
    import rides_pb2
    import common_pb2

def proto(v):
    """What MessageToDict would give, but for the differences that src/codecs/protobuf-read.ts names."""
    from google.protobuf import json_format
    from google.protobuf.descriptor import FieldDescriptor as F
    if v.DESCRIPTOR.full_name.startswith("google.protobuf."):
        said = json_format.MessageToDict(v)
        return int(said) if v.DESCRIPTOR.name == "Int64Value" and abs(int(said)) <= 2 ** 53 - 1 else said
    def one(field, x):
        if field.type == F.TYPE_MESSAGE:
            return proto(x)
        if field.type == F.TYPE_ENUM:
            named = field.enum_type.values_by_number.get(x)
            return named.name if named else x
        if field.type == F.TYPE_BYTES:
            return base64.b64encode(x).decode()
        if isinstance(x, int) and not isinstance(x, bool) and abs(x) > 2 ** 53 - 1:
            return str(x)
        return x
    made = {}
    for field in v.DESCRIPTOR.fields:
        x = getattr(v, field.name)
        if field.message_type and field.message_type.GetOptions().map_entry:
            of = field.message_type.fields_by_name["value"]
            made[field.name] = {str(k): one(of, x[k]) for k in x}
        elif field.is_repeated if hasattr(field, "is_repeated") else field.label == F.LABEL_REPEATED:
            made[field.name] = [one(field, y) for y in x]
        elif field.has_presence and not v.HasField(field.name):
            made[field.name] = None
        else:
            made[field.name] = one(field, x)
    return made

def ride(i):
    m = rides_pb2.Ride(i32=-i, i64=(-1) ** i * (2 ** 53 - 1 + i % 2), u32=2 ** 32 - 1 - i, u64=2 ** 64 - 1 - i, s32=-(2 ** 31) + i, s64=-(2 ** 63) + i, f32=i, f64=2 ** 40 + i, sf32=-i, sf64=-(2 ** 62),
        flag=i % 2 == 1, word="\u00fc\U0001f680" * i, raw=bytes(range(i)), single=i / 4, whole=i / 3, side=i % 4, sides=[2, 0, 1, 9][: i], list=[1.5, -0.25][: i])
    for j in range(i):
        m.counts[f"k{j}"] = j
        m.stops[2 ** 60 + j].name = f"s{j}"
        m.stops[2 ** 60 + j].times.extend([j, -j])
    if i % 2: m.maybe = 0
    if i == 3: m.text = ""
    if i % 4 == 1: m.number = 2 ** 60
    if i % 4 == 2: m.stop.name = "here"
    if i % 4 == 3: m.other_name = ""
    if i > 1: m.place.lat = 52.5; m.at.FromDatetime(dt.datetime(2001, 5, 3, 17, 45, 10, 123000 + i)); m.lasting.seconds = -i; m.wrapped.value = i; m.big.value = 2 ** 60 if i % 2 else 5
    if i > 2: m.any.update({"a": [1, "b", None, {"c": True}], "d": {}}); m.next.i32 = 5
    return m

def add_proto(name, topic, message, conf=None):
    # this client registers descriptors, and reads nothing else; the texts say the same
    serialize = ProtobufSerializer(type(message), registry, {"use.deprecated.format": False, **(conf or {})})
    ctx = context(topic)
    add(name, topic, ctx, serialize(message, ctx), proto(message), protos["rides.proto"], ["common.proto"])

for i in range(7):
    add_proto(f"protobuf {i}", "rides", ride(i))
add_proto("protobuf, the second message", "second", rides_pb2.Second(name="two"))
add_proto("protobuf, a message inside", "inside", rides_pb2.Ride.Stop(name="in", times=[1, 2]))
add_proto("protobuf, a message deep inside", "deep", rides_pb2.Second.Inner.Innermost(v=9))
add_proto("protobuf, the second inside", "other", rides_pb2.Ride.Other(x=3))
add_proto("protobuf v1", "rides1", ride(2), {"schema.id.serializer": header_schema_id_serializer})
add_proto("protobuf v1, a message deep inside", "deep1", rides_pb2.Ride.Stop.Deep(yes=True), {"schema.id.serializer": header_schema_id_serializer})

(here / "payloads.json").write_text(json.dumps({"made with": f"confluent-kafka {confluent_kafka.__version__}", "cases": cases}, indent=1) + "\n")
