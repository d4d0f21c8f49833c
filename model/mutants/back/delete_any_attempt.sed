# cast: takeover
# The undo of an outdated attempt deletes the stream that a newer one has prepared.
/TAKES(FROM(r), m + 1) && stream/s/TAKES(FROM(r), m + 1) && //
