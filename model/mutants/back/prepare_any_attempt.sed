# cast: takeover-on
# A late preparation of an outdated attempt replaces the one of the attempt that switched.
/@prepare/s/TAKES.*PREPARED/true/
