#include "sql/keyword.h"

/* A longer word is neither a keyword nor a function of the tables below: it need not be looked up. */
enum { WORD_MAX = 31 };

struct entry {
	const char *word;
	enum keyword keyword;
};

/* Sorted, for the binary search. */
/* clang-format off */
static const struct entry KEYWORDS[] = {
	{ "all", KW_ALL }, { "alter", KW_ALTER }, { "analyze", KW_ANALYZE }, { "as", KW_AS },
	{ "begin", KW_BEGIN }, { "call", KW_CALL }, { "check", KW_CHECK },
	{ "checksum", KW_CHECKSUM }, { "commit", KW_COMMIT }, { "create", KW_CREATE },
	{ "cross", KW_CROSS }, { "current_user", KW_CURRENT_USER },
	{ "database", KW_DATABASE }, { "deallocate", KW_DEALLOCATE },
	{ "delayed", KW_DELAYED }, { "delete", KW_DELETE }, { "desc", KW_DESC },
	{ "describe", KW_DESCRIBE }, { "distinct", KW_DISTINCT }, { "do", KW_DO },
	{ "drop", KW_DROP }, { "dual", KW_DUAL }, { "duplicate", KW_DUPLICATE },
	{ "except", KW_EXCEPT }, { "exchange", KW_EXCHANGE }, { "execute", KW_EXECUTE },
	{ "exists", KW_EXISTS }, { "explain", KW_EXPLAIN }, { "for", KW_FOR },
	{ "force", KW_FORCE }, { "from", KW_FROM }, { "full", KW_FULL }, { "grant", KW_GRANT },
	{ "group", KW_GROUP }, { "handler", KW_HANDLER }, { "having", KW_HAVING },
	{ "high_priority", KW_HIGH_PRIORITY }, { "if", KW_IF }, { "ignore", KW_IGNORE },
	{ "in", KW_IN }, { "index", KW_INDEX }, { "inner", KW_INNER }, { "insert", KW_INSERT },
	{ "intersect", KW_INTERSECT }, { "into", KW_INTO }, { "join", KW_JOIN },
	{ "key", KW_KEY }, { "lateral", KW_LATERAL }, { "left", KW_LEFT }, { "like", KW_LIKE },
	{ "limit", KW_LIMIT }, { "load", KW_LOAD }, { "lock", KW_LOCK },
	{ "low_priority", KW_LOW_PRIORITY }, { "natural", KW_NATURAL }, { "not", KW_NOT },
	{ "null", KW_NULL }, { "offset", KW_OFFSET }, { "on", KW_ON }, { "online", KW_ONLINE },
	{ "optimize", KW_OPTIMIZE }, { "or", KW_OR }, { "order", KW_ORDER },
	{ "outer", KW_OUTER }, { "partition", KW_PARTITION }, { "prepare", KW_PREPARE },
	{ "procedure", KW_PROCEDURE }, { "quick", KW_QUICK }, { "references", KW_REFERENCES },
	{ "release", KW_RELEASE }, { "rename", KW_RENAME }, { "repair", KW_REPAIR },
	{ "replace", KW_REPLACE }, { "returning", KW_RETURNING }, { "revoke", KW_REVOKE },
	{ "right", KW_RIGHT }, { "rollback", KW_ROLLBACK }, { "savepoint", KW_SAVEPOINT },
	{ "schema", KW_SCHEMA }, { "select", KW_SELECT }, { "set", KW_SET },
	{ "show", KW_SHOW }, { "sql_calc_found_rows", KW_SQL_CALC_FOUND_ROWS },
	{ "start", KW_START }, { "statement", KW_STATEMENT },
	{ "straight_join", KW_STRAIGHT_JOIN }, { "table", KW_TABLE }, { "tables", KW_TABLES },
	{ "temporary", KW_TEMPORARY }, { "to", KW_TO }, { "truncate", KW_TRUNCATE },
	{ "union", KW_UNION }, { "unique", KW_UNIQUE }, { "unlock", KW_UNLOCK },
	{ "update", KW_UPDATE }, { "use", KW_USE }, { "using", KW_USING },
	{ "value", KW_VALUE }, { "values", KW_VALUES }, { "view", KW_VIEW },
	{ "where", KW_WHERE }, { "window", KW_WINDOW }, { "with", KW_WITH },
	{ "work", KW_WORK }, { "xa", KW_XA },
};
/* clang-format on */

/* Sorted. The servers' own lists (information_schema.SQL_FUNCTIONS) without those that have effects. */
/* clang-format off */
static const char *const PURE[] = {
	"abs", "acos", "add_months", "adddate", "addtime", "aes_decrypt", "aes_encrypt",
	"against", "all", "always", "and", "any", "any_value", "as", "ascii", "asin", "astext",
	"aswkb", "atan", "atan2", "avg", "between", "bigint", "bin", "bin_to_uuid", "binary",
	"binlog_gtid_pos", "bit", "bit_and", "bit_count", "bit_length", "bit_or", "bit_xor",
	"blob", "both", "by", "case", "cast", "ceil", "ceiling", "char", "char_length",
	"character", "character_length", "charset", "check", "chr", "coalesce", "coercibility",
	"collation", "column_add", "column_check", "column_create", "column_delete",
	"column_exists", "column_get", "column_json", "column_list", "columns", "compress",
	"concat", "concat_ws", "connection_id", "conv", "convert", "convert_tz", "cos", "cot",
	"count", "crc32", "crc32c", "cume_dist", "curdate", "current_date", "current_role",
	"current_time", "current_timestamp", "current_user", "curtime", "database", "date",
	"date_add", "date_format", "date_sub", "datediff", "datetime", "day", "dayname",
	"dayofmonth", "dayofweek", "dayofyear", "dec", "decimal", "decode", "decode_histogram",
	"default", "degrees", "dense_rank", "distinct", "distinctrow", "div", "double", "else",
	"elt", "encode", "encrypt", "enum", "escape", "escaped", "except", "exists", "exp",
	"export_set", "extract", "extractvalue", "field", "filter", "find_in_set",
	"first_value", "fixed", "float", "floor", "format", "format_bytes", "format_pico_time",
	"found_rows", "from", "from_base64", "from_days", "from_unixtime", "from_vector",
	"geometrycollection", "geomfromtext", "get_format", "greatest", "group", "group_concat",
	"grouping", "gtid_subset", "gtid_subtract", "having", "hex", "high_priority", "hour",
	"if", "ifnull", "in", "index", "inet6_aton", "inet6_ntoa", "inet_aton", "inet_ntoa",
	"insert", "instr", "int", "integer", "intersect", "interval", "is", "is_free_lock",
	"is_ipv4", "is_ipv4_compat", "is_ipv4_mapped", "is_ipv6", "is_used_lock", "is_uuid",
	"isnull", "join", "json_array", "json_array_append", "json_array_insert",
	"json_array_intersect", "json_arrayagg", "json_compact", "json_contains",
	"json_contains_path", "json_depth", "json_detailed", "json_equals", "json_exists",
	"json_extract", "json_insert", "json_key_value", "json_keys", "json_length",
	"json_loose", "json_merge", "json_merge_patch", "json_merge_preserve", "json_normalize",
	"json_object", "json_object_filter_keys", "json_object_to_array", "json_objectagg",
	"json_overlaps", "json_pretty", "json_query", "json_quote", "json_remove",
	"json_replace", "json_schema_valid", "json_schema_validation_report", "json_search",
	"json_set", "json_storage_free", "json_storage_size", "json_table", "json_type",
	"json_unquote", "json_valid", "json_value", "kdf", "key", "lag", "last_day",
	"last_value", "lateral", "lcase", "lead", "leading", "least", "left", "length",
	"lengthb", "like", "limit", "linestring", "ln", "load_file", "localtime",
	"localtimestamp", "locate", "log", "log10", "log2", "lower", "lpad", "ltrim",
	"make_set", "makedate", "maketime", "match", "max", "mbrcontains", "mbrcoveredby",
	"mbrcovers", "mbrdisjoint", "mbrequal", "mbrequals", "mbrintersects", "mbroverlaps",
	"mbrtouches", "mbrwithin", "md5", "median", "microsecond", "mid", "min", "minute",
	"mod", "month", "monthname", "multilinestring", "multipoint", "multipolygon",
	"name_const", "natural_sort_key", "nchar", "nested", "not", "now", "nth_value", "ntile",
	"nullif", "numeric", "nvarchar", "nvl", "nvl2", "oct", "octet_length", "offset",
	"old_password", "on", "or", "ord", "order", "over", "partition", "password", "path",
	"percent_rank", "percentile_cont", "percentile_disc", "period_add", "period_diff", "pi",
	"point", "polygon", "position", "pow", "power", "primary", "quarter", "quote",
	"radians", "rand", "random_bytes", "range", "rank", "real", "recursive", "references",
	"regexp", "regexp_instr", "regexp_like", "regexp_replace", "regexp_substr", "repeat",
	"replace", "returning", "reverse", "right", "rlike", "round", "row", "row_count",
	"rows", "rpad", "rtrim", "schema", "schemas", "sec_to_time", "second", "select",
	"separator", "session_user", "set", "sformat", "sha", "sha1", "sha2", "sign", "signed",
	"sin", "some", "soundex", "space", "sqrt", "st_area", "st_asbinary", "st_asgeojson",
	"st_astext", "st_aswkb", "st_aswkt", "st_boundary", "st_buffer", "st_centroid",
	"st_contains", "st_convexhull", "st_crosses", "st_difference", "st_dimension",
	"st_disjoint", "st_distance", "st_distance_sphere", "st_endpoint", "st_envelope",
	"st_equals", "st_exteriorring", "st_geohash", "st_geomcollfromtext",
	"st_geometryfromtext", "st_geometryfromwkb", "st_geometryn", "st_geometrytype",
	"st_geomfromgeojson", "st_geomfromtext", "st_geomfromwkb", "st_interiorringn",
	"st_intersection", "st_intersects", "st_isclosed", "st_isempty", "st_isring",
	"st_issimple", "st_isvalid", "st_latfromgeohash", "st_latitude", "st_length",
	"st_linefromtext", "st_linefromwkb", "st_longitude", "st_numgeometries",
	"st_numinteriorrings", "st_numpoints", "st_overlaps", "st_pointfromtext",
	"st_pointfromwkb", "st_pointn", "st_pointonsurface", "st_polyfromtext",
	"st_polyfromwkb", "st_relate", "st_simplify", "st_srid", "st_startpoint", "st_swapxy",
	"st_symdifference", "st_touches", "st_transform", "st_union", "st_validate",
	"st_within", "st_x", "st_y", "statement_digest", "statement_digest_text", "std",
	"stddev", "stddev_pop", "stddev_samp", "str_to_date", "strcmp", "string_to_vector",
	"subdate", "substr", "substring", "substring_index", "subtime", "sum", "sys_guid",
	"sysdate", "system_user", "tan", "text", "then", "time", "time_format", "time_to_sec",
	"timediff", "timestamp", "timestampadd", "timestampdiff", "to", "to_base64", "to_char",
	"to_days", "to_seconds", "to_vector", "trailing", "trim", "truncate", "ucase",
	"uncompress", "uncompressed_length", "unhex", "union", "unique", "unix_timestamp",
	"unsigned", "updatexml", "upper", "user", "using", "utc_date", "utc_time",
	"utc_timestamp", "uuid", "uuid_short", "uuid_to_bin", "uuid_v4", "uuid_v7", "value",
	"values", "var_pop", "var_samp", "varbinary", "varchar", "variance", "vec_distance",
	"vec_distance_cosine", "vec_distance_euclidean", "vec_fromtext", "vec_totext",
	"vector_dim", "vector_to_string", "version", "week", "weekday", "weekofyear",
	"weight_string", "when", "where", "with", "xor", "year", "yearweek",
};
/* clang-format on */

/* Compares word, in lower case, with a name of a table above. */
static int
compare(struct slice word, const char *name)
{
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c !=
		    (uint8_t)name[i]) /* the NUL of a shorter name differs from any byte of a word */
			return c < (uint8_t)name[i] ? -1 : 1;
	}
	return name[word.len] == '\0' ? 0 : -1;
}

enum keyword
keyword_find(struct slice word)
{
	size_t low = 0, high = sizeof KEYWORDS / sizeof KEYWORDS[0];

	if (word.len > WORD_MAX)
		return KW_NONE;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(word, KEYWORDS[middle].word);

		if (order == 0)
			return KEYWORDS[middle].keyword;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return KW_NONE;
}

bool
keyword_is_pure_function(struct slice word)
{
	size_t low = 0, high = sizeof PURE / sizeof PURE[0];

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(word, PURE[middle]);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}
