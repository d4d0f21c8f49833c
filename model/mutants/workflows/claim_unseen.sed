# cast: same
# A workflow is created without looking whose the tables are.
/@free/s/(!MEMBER.*== 0)/true/
