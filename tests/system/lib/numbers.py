"""FROM seq_1_to_100 in a test's SQL is a table of numbers, its column seq. MariaDB has an engine for it; here is the same for any server."""
import re

NAME = re.compile(r"(?:\b\w+\.)?\bseq_(\d+)_to_(\d+)\b")
DIGIT = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 " \
        "UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"


def table(first, last):
    digits = range(len(str(last - first)))
    value = " + ".join([str(first)] + [f"{10 ** i} * d{i}.d" for i in digits])
    tables = ", ".join(f"{DIGIT} AS d{i}" for i in digits)
    return f"(SELECT {value} AS seq FROM {tables} WHERE {value} <= {last} ORDER BY 1) AS numbers"


def written_out(sql):
    return NAME.sub(lambda m: table(int(m[1]), int(m[2])), sql)
