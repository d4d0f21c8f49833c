/* The dialect may say all of it. */
static const char *const said = "SHOW MASTER STATUS";
