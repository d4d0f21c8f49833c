"""Values that an operator could give to each session variable of a server, and that differ from its default."""
from . import kinds

# Not a setting of sessions, or one that ends every session, a client's too. Each with its reason.
LEFT_OUT = {
    "MAX_USER_CONNECTIONS": "nobody, a client neither, could connect",
    "SERVER_ID": "whose changes they are: another one while the server runs is a lie to every replica",
    "TX_ISOLATION": "refused by name in the preflight, as the gates cannot do with it",
    "AUTOCOMMIT": "the same", "COMPLETION_TYPE": "the same", "BINLOG_FORMAT": "the same", "BINLOG_ROW_IMAGE": "the same",
    "ENFORCE_STORAGE_ENGINE": "the same", "MAX_ALLOWED_PACKET": "the same",
    "TRANSACTION_ISOLATION": "the same", "BINLOG_ROW_VALUE_OPTIONS": "the same",
    "CONNECTION_MEMORY_LIMIT": "ends every session, a client's too",
}

# The least that the preflight lets through, and names whose values no catalogue lists.
SPECIAL = {
    "SQL_MODE": ["'NO_ZERO_DATE,NO_ZERO_IN_DATE,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION,IGNORE_SPACE,PIPES_AS_CONCAT,"
                 "NO_FIELD_OPTIONS,NO_TABLE_OPTIONS,NO_KEY_OPTIONS,HIGH_NOT_PRECEDENCE,REAL_AS_FLOAT,TIME_ROUND_FRACTIONAL,EMPTY_STRING_IS_NULL,"
                 "SIMULTANEOUS_ASSIGNMENT'",
                 "''"],
    "TIME_ZONE": ["'+13:00'", "'-12:59'"],
    "DEFAULT_STORAGE_ENGINE": ["'MyISAM'", "'MEMORY'"],
    "STORAGE_ENGINE": ["'Aria'"],
    "DEFAULT_TMP_STORAGE_ENGINE": ["'MyISAM'"],
    "SYSTEM_VERSIONING_ASOF": ["'2001-01-01'"],
    "LC_MESSAGES": ["'de_DE'", "'ja_JP'"],
    "LC_TIME_NAMES": ["'de_DE'"],
    "CHARACTER_SET_CLIENT": ["'latin1'", "'big5'"],
    "CHARACTER_SET_CONNECTION": ["'ucs2'", "'latin1'"],
    "CHARACTER_SET_RESULTS": ["'latin1'", "'ucs2'"],
    "CHARACTER_SET_DATABASE": ["'ucs2'"],
    "CHARACTER_SET_FILESYSTEM": ["'ucs2'"],
    "CHARACTER_SET_SERVER": ["'ucs2'", "'latin1'"],
    "COLLATION_CONNECTION": ["'latin1_bin'"],
    "COLLATION_DATABASE": ["'latin1_bin'"],
    "COLLATION_SERVER": ["'latin1_bin'"],
    "SESSION_TRACK_SYSTEM_VARIABLES": ["'*'", "''"],
    "INNODB_TMPDIR": ["'/tmp'"],
    # 10.11.19 ends with signal 11 at the next connection when it is the least, 8192
    "MAX_SESSION_MEM_USED": ["200000"],
}


# What is otherwise on MySQL; its catalogue lists no values of enumerations.
MYSQL = {
    "SQL_MODE": ["'NO_ZERO_DATE,NO_ZERO_IN_DATE,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION,IGNORE_SPACE,PIPES_AS_CONCAT,"
                 "HIGH_NOT_PRECEDENCE,REAL_AS_FLOAT,TIME_TRUNCATE_FRACTIONAL'", "''"],
    "CHARACTER_SET_FILESYSTEM": ["'utf8mb4'"],
    "CHARACTER_SET_RESULTS": ["'latin1'"],
    "CHARACTER_SET_DATABASE": ["'latin1'"],
    "DEFAULT_COLLATION_FOR_UTF8MB4": ["utf8mb4_general_ci"],
    "BLOCK_ENCRYPTION_MODE": ["'aes-256-cbc'"],
    "EXPLAIN_FORMAT": ["JSON", "TRADITIONAL"],
    "GROUP_REPLICATION_CONSISTENCY": ["EVENTUAL", "BEFORE"],
    "INTERNAL_TMP_MEM_STORAGE_ENGINE": ["MEMORY"],
    "MYISAM_STATS_METHOD": ["nulls_equal", "nulls_ignored"],
    "SESSION_TRACK_GTIDS": ["OWN_GTID", "ALL_GTIDS"],
    "SESSION_TRACK_TRANSACTION_INFO": ["STATE", "CHARACTERISTICS"],
    "TERMINOLOGY_USE_PREVIOUS": ["BEFORE_8_0_26"],
    "UPDATABLE_VIEWS_WITH_LIMIT": ["NO"],
    "USE_SECONDARY_ENGINE": ["OFF", "FORCED"],
    "LONG_QUERY_TIME": ["0", "3600"],
    "SECONDARY_ENGINE_COST_THRESHOLD": ["0"],
}


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def of_row(name, kind, value, least, most, listed):
    """Of one row of information_schema.SYSTEM_VARIABLES: SQL texts, the default not among them."""
    if name in SPECIAL:
        return SPECIAL[name]
    if kind in ("BOOLEAN", "ENUM"):
        return [quoted(v) for v in (listed or "").split(",") if v and v != value]
    if kind in ("SET", "FLAGSET"):
        flags = [f for f in listed.split(",") if f != "default"]
        if kind == "FLAGSET":
            off = [f for f in flags if f != "in_to_exists"]     # one of two must be on
            return [quoted(",".join(f"{f}=off" for f in off)), quoted(",".join(f"{f}=on" for f in flags))]
        return [v for v in (quoted(listed), "''") if v != quoted(value or "")]
    if least is not None and most is not None:
        return [v for v in (least, most) if v != value]
    return ["''"]


def switches(value):
    """All off and all on. The last kind of optimizer is in no release."""
    flags = [f.split("=")[0] for f in value.split(",") if not f.startswith("hypergraph")]
    return [quoted(",".join(f"{f}={state}" for f in flags)) for state in ("off", "on")]


def of_mysql(name, kind, value, least, most):
    """Of one row of performance_schema.variables_metadata."""
    if name in MYSQL or name in SPECIAL:
        return MYSQL.get(name) or SPECIAL[name]
    if kind == "Boolean":
        return ["OFF" if value == "ON" else "ON"]
    if kind == "Integer":
        return [v for v in (least, most) if v != value]
    if kind == "Set":
        return switches(value)
    return []


def variables(rows):
    """{name: [values]} for what a session has: rows are QUERIES' answer."""
    return {r[0]: of_row(*r) if len(r) == 6 else of_mysql(*r) for r in rows if r[0] not in LEFT_OUT}


def query(kind):
    return QUERIES[kinds.brand(kind)]


MYSQL_QUERY = ("SELECT UPPER(m.VARIABLE_NAME), m.DATA_TYPE, g.VARIABLE_VALUE, m.MIN_VALUE, m.MAX_VALUE "
               "FROM performance_schema.variables_metadata AS m JOIN performance_schema.global_variables AS g USING (VARIABLE_NAME) "
               "WHERE m.VARIABLE_SCOPE = 'SESSION' ORDER BY 1")
QUERY = ("SELECT VARIABLE_NAME, VARIABLE_TYPE, GLOBAL_VALUE, NUMERIC_MIN_VALUE, NUMERIC_MAX_VALUE, ENUM_VALUE_LIST "
         "FROM information_schema.SYSTEM_VARIABLES WHERE VARIABLE_SCOPE LIKE 'SESSION%' AND READ_ONLY = 'NO' "
         "AND GLOBAL_VALUE IS NOT NULL OR VARIABLE_NAME = 'DEFAULT_TMP_STORAGE_ENGINE' ORDER BY 1")
QUERIES = {"mariadb": QUERY, "mysql": MYSQL_QUERY}
