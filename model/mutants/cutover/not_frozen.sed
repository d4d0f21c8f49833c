# cast: outlived
# The stream goes on after P.
/@freeze/s/frozen = n;//
