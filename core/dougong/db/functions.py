"""The functions a scoped read may call: they compute on their arguments and read nothing else.

PostgreSQL has others that run SQL from a string or read files (query_to_xml, set_config, ts_stat,
dblink, pg_read_file); so what isn't listed is refused. Both databases share the list.
"""

from __future__ import annotations

__all__ = ["FUNCTIONS"]

NUMBERS = """
    abs acos asin atan atan2 ceil ceiling cos degrees div exp floor greatest least ln log log10
    log2 mod pi pow power radians random round sign sin sqrt tan trunc width_bucket
"""
TEXTS = """
    ascii btrim char_length character_length chr concat concat_ws format hex initcap instr
    length lower lpad ltrim md5 octet_length overlay position printf quote regexp_count
    regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
    regexp_split_to_table regexp_substr repeat replace reverse rpad rtrim split_part starts_with
    strpos substr substring to_hex translate trim unicode unistr upper unaccent similarity
"""
CONDITIONS = """
    cast coalesce iif ifnull nullif typeof likely unlikely int int2 int4 int8 text numeric date
    boolean bool float4 float8 interval time timestamp timestamptz to_char to_number num_nulls
    num_nonnulls
"""
DATES = """
    age clock_timestamp current_date current_time current_timestamp date_bin date_part
    date_trunc datetime extract isfinite julianday justify_days justify_hours justify_interval
    localtime localtimestamp make_date make_interval make_time make_timestamp make_timestamptz
    now statement_timestamp strftime timediff timezone to_date to_timestamp
    transaction_timestamp unixepoch
"""
AGGREGATES = """
    any_value array_agg avg bit_and bit_or bool_and bool_or corr count covar_pop covar_samp
    cume_dist dense_rank every first_value group_concat grouping lag last_value lead max min
    mode nth_value ntile percent_rank percentile_cont percentile_disc rank regr_slope row_number
    stddev stddev_pop stddev_samp string_agg sum total var_pop var_samp variance
"""
SETS = """
    array_append array_cat array_length array_lower array_position array_positions array_prepend
    array_remove array_replace array_to_string array_upper cardinality generate_series
    generate_subscripts string_to_array string_to_table unnest
"""
JSON = """
    json json_agg json_array json_array_elements json_array_elements_text json_array_length
    json_build_array json_build_object json_each json_each_text json_extract json_extract_path
    json_extract_path_text json_group_array json_group_object json_insert json_object
    json_object_agg json_object_keys json_patch json_quote json_remove json_replace json_set
    json_strip_nulls json_to_record json_to_recordset json_tree json_type json_typeof json_valid
    jsonb jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length
    jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
    jsonb_extract_path_text jsonb_object_agg jsonb_object_keys jsonb_path_exists
    jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set
    jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json
    to_jsonb
"""
SEARCH = """
    bm25 highlight plainto_tsquery phraseto_tsquery setweight snippet to_tsquery to_tsvector
    ts_headline ts_rank ts_rank_cd websearch_to_tsquery
"""

_LISTS = (NUMBERS, TEXTS, CONDITIONS, DATES, AGGREGATES, SETS, JSON, SEARCH)
FUNCTIONS = frozenset(name for names in _LISTS for name in names.split())
