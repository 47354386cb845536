"""Writes the Parquet files of this folder, and beside them what their rows are as JSON. Made with Python 3.11 and pyarrow; see the version in expected.json."""
import base64, datetime as dt, decimal, json
import pyarrow as pa, pyarrow.parquet as pq

utc = dt.timezone.utc
rows = 4
columns = {
    'bool': (pa.bool_(), [True, False, None, True], [True, False, None, True]),
    'int8': (pa.int8(), [-128, 127, None, 0], None),
    'uint32': (pa.uint32(), [0, 4294967295, None, 7], None),
    'int64': (pa.int64(), [-9007199254740991, 9007199254740991, None, -1], None),
    'int64_large': (pa.int64(), [9223372036854775807, -9223372036854775808, None, 1], None),
    'uint64': (pa.uint64(), [18446744073709551615, 0, None, 1], None),
    'float32': (pa.float32(), [0.5, 0.10000000149011612, None, -0.0], None),
    'float64': (pa.float64(), [0.1, 1e300, None, float('nan')], [0.1, 1e300, None, None]),
    'infinite': (pa.float64(), [float('inf'), float('-inf'), None, 5e-324], ['Infinity', '-Infinity', None, 5e-324]),
    'text': (pa.string(), ['plain', 'quote " backslash \\ line\nbreak \t \x01', None, 'ü 漢 🚲'], None),
    'words': (pa.dictionary(pa.int32(), pa.string()), ['a', 'b', None, 'a'], None),
    'empty': (pa.string(), ['', '', None, ''], None),
    'binary': (pa.binary(), [b'text', b'\xff\x00', None, b''], ['text', base64.b64encode(b'\xff\x00').decode(), None, '']),
    'date': (pa.date32(), [dt.date(2001, 1, 14), dt.date(1969, 12, 31), None, dt.date(2024, 2, 29)], ['2001-01-14', '1969-12-31', None, '2024-02-29']),
    'ms': (pa.timestamp('ms', tz='UTC'), [dt.datetime(2001, 1, 14, 21, 55, 7, 89000, utc), dt.datetime(1969, 12, 31, 23, 59, 59, 999000, utc), None, dt.datetime(1970, 1, 1, tzinfo=utc)],
           ['2001-01-14T21:55:07.089Z', '1969-12-31T23:59:59.999Z', None, '1970-01-01T00:00:00.000Z']),
    'us': (pa.timestamp('us'), [dt.datetime(2001, 1, 14, 21, 55, 7, 89001), dt.datetime(1969, 12, 31, 23, 59, 59, 999999), None, dt.datetime(2001, 1, 14, 21, 55)],
           ['2001-01-14T21:55:07.089001Z', '1969-12-31T23:59:59.999999Z', None, '2001-01-14T21:55:00.000Z']),
    'ns': (pa.timestamp('ns'), [979509307089001002, -1, None, 979509307089000000],
           ['2001-01-14T21:55:07.089001002Z', '1969-12-31T23:59:59.999999999Z', None, '2001-01-14T21:55:07.089Z']),
    'decimal': (pa.decimal128(10, 2), [decimal.Decimal('0.30'), decimal.Decimal('-12345678.91'), None, decimal.Decimal('7')], [0.3, -12345678.91, None, 7]),
    'list': (pa.list_(pa.int64()), [[1, 2], [], None, [None, 3]], None),
    'struct': (pa.struct([('a', pa.int32()), ('b', pa.string()), ('at', pa.timestamp('ms', tz='UTC'))]),
               [{'a': 1, 'b': 'x"', 'at': dt.datetime(2001, 1, 14, tzinfo=utc)}, {'a': None, 'b': None, 'at': None}, None, {'a': 2, 'b': 'y', 'at': None}],
               [{'a': 1, 'b': 'x"', 'at': '2001-01-14T00:00:00.000Z'}, {'a': None, 'b': None, 'at': None}, None, {'a': 2, 'b': 'y', 'at': None}]),
    'nothing': (pa.null(), [None] * rows, None),
}
table = pa.table({name: pa.array(values, type=type) for name, (type, values, _) in columns.items()})
pq.write_table(table, 'types.parquet')
expected = [{name: (values if json_values is None else json_values)[row] for name, (_, values, json_values) in columns.items()} for row in range(rows)]

groups = pa.table({'i': pa.array(range(1000), pa.int64()), 'name': [f'n{i % 10}' for i in range(1000)], 'x': [i / 7 for i in range(1000)],
                   'y': [f'value {i}' for i in range(1000)], 'z': pa.array([i % 5 for i in range(1000)], pa.int16())})
pq.write_table(groups, 'groups.parquet', row_group_size=300, data_page_size=256,
               compression={'i': 'snappy', 'name': 'gzip', 'x': 'zstd', 'y': 'brotli', 'z': 'lz4'}, data_page_version='2.0')
required = pa.schema([pa.field('i', pa.int64(), nullable=False), pa.field('s', pa.string(), nullable=False)])
pq.write_table(pa.table({'i': list(range(600)), 's': [str(i) for i in range(600)]}, schema=required), 'required.parquet', row_group_size=250, data_page_size=128, use_dictionary=False, compression='none')
pq.write_table(groups.slice(0, 0), 'empty.parquet')
json.dump({'pyarrow': pa.__version__, 'types': expected}, open('expected.json', 'w'), indent=1, allow_nan=False, ensure_ascii=False)
