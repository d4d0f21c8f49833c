# cast: behind
# The fence of the old side goes with the lock instead of staying.
/@unlock/s/lock\[FROM(r)\] = 0/&; armed[FROM(r)] = false/
