# cast: takeover-on
# The release of an attempt that is long over disarms what the next one has armed.
/@release_fence/s/TAKES(TO(r), n)/true/
