# cast: gates
# A gate that has a lease again goes on with the rules that it knew.
/@reread/s/take_rules(g);//
