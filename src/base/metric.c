#include "base/metric.h"

#include "base/check.h"

#include <math.h>

enum { METRIC_FIRST_USEC = 100 }; /* the first bucket; a local round trip is shorter */

static usec
bucket_bound(int i)
{
	return (usec)METRIC_FIRST_USEC << i;
}

void
histogram_add(struct histogram *h, usec value)
{
	int i = 0;

	if (value < 0)
		value = 0;
	while (i < METRIC_BUCKETS && value > bucket_bound(i))
		i++;
	h->counts[i]++;
	h->total++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
}

usec
histogram_quantile(const struct histogram *h, double q)
{
	double want = q * (double)h->total;
	uint64_t seen = 0;

	check(q >= 0 && q <= 1);
	for (int i = 0; i < METRIC_BUCKETS; i++) {
		seen += h->counts[i];
		if (seen > 0 && (double)seen >= want)
			return bucket_bound(i) < h->max ? bucket_bound(i) : h->max;
	}
	return h->max;
}

static void
print_head(struct buf *out, const char *name, const char *type, const char *help)
{
	if (help == NULL)
		return; /* a further label of the same metric */
	buf_addf(out, "# HELP %s ", name);
	for (; *help != '\0'; help++) {
		if (*help == '\\' || *help == '\n')
			buf_add_str(out, *help == '\n' ? "\\n" : "\\\\");
		else
			buf_add_char(out, *help);
	}
	buf_addf(out, "\n# TYPE %s %s\n", name, type);
}

static void
print_value(struct buf *out, double value)
{
	if (isnan(value))
		buf_add_str(out, "NaN\n");
	else if (isinf(value))
		buf_add_str(out, value > 0 ? "+Inf\n" : "-Inf\n");
	/* 2^53: whole numbers are exact */
	else if (value == floor(value) && fabs(value) < 9007199254740992.0)
		buf_addf(out, "%.0f\n", value);
	else
		buf_addf(out, "%.9g\n", value);
}

void
metric_print(struct buf *out, const char *name, const char *help, const char *labels, double value)
{
	size_t len = strlen(name);
	bool counter =
	    len > 6 && strcmp(name + len - 6, "_total") == 0; /* Prometheus' naming rule */

	print_head(out, name, counter ? "counter" : "gauge", help);
	buf_add_str(out, name);
	if (labels != NULL && labels[0] != '\0')
		buf_addf(out, "{%s}", labels);
	buf_add_char(out, ' ');
	print_value(out, value);
}

void
metric_label(struct buf *labels, const char *name, const char *value)
{
	buf_addf(labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			buf_add_str(labels, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_addf(labels, "\\%c", *value);
		else
			buf_add_char(labels, *value);
	}
	buf_add_char(labels, '"');
}

/* In seconds, Prometheus' base unit. */
void
metric_print_histogram_of(struct buf *out, const char *name, const char *help, const char *labels,
    const struct histogram *h)
{
	const char *comma = labels[0] == '\0' ? "" : ",";
	uint64_t seen = 0;

	print_head(out, name, "histogram", help);
	for (int i = 0; i < METRIC_BUCKETS; i++) {
		seen += h->counts[i];
		buf_addf(out, "%s_bucket{%s%sle=\"%.10g\"} %llu\n", name, labels, comma,
		    (double)bucket_bound(i) / (double)SECOND, (unsigned long long)seen);
	}
	buf_addf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma,
	    (unsigned long long)h->total);
	const char *open = labels[0] == '\0' ? "" : "{", *close = labels[0] == '\0' ? "" : "}";
	buf_addf(
	    out, "%s_sum%s%s%s %.9g\n", name, open, labels, close, (double)h->sum / (double)SECOND);
	buf_addf(
	    out, "%s_count%s%s%s %llu\n", name, open, labels, close, (unsigned long long)h->total);
}

void
metric_print_histogram(
    struct buf *out, const char *name, const char *help, const struct histogram *h)
{
	metric_print_histogram_of(out, name, help, "", h);
}
