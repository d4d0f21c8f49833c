// What a driver of Node sees.   client.js DRIVER HOST PORT USER DATABASE
"use strict";
const path = require("path");
const { promisify } = require("util");
const [driver, host, port, user, database] = process.argv.slice(2);
const load = (name) => require(path.join(process.env.CLIENTS_NODE, "node_modules", name));
const options = { host, port: Number(port), user, database, multipleStatements: true, charset: "utf8mb4" };
if (process.env.CLIENTS_COMPRESS) options.compress = true;

// The three as one: query, execute (where there is one), end.
async function connect() {
  if (driver === "mariadb") {
    delete options.charset;
    const c = await load("mariadb").createConnection(options);
    return { query: (q, v) => c.query(q, v), execute: (q, v) => c.execute(q, v), batch: (q, v) => c.batch(q, v),
      end: () => c.end(), id: () => c.threadId };
  }
  if (driver === "mysql2") {
    const c = await load("mysql2/promise").createConnection(options);
    return { query: async (q, v) => (await c.query(q, v))[0], execute: async (q, v) => (await c.execute(q, v))[0],
      end: () => c.end(), id: () => c.threadId };
  }
  const c = load("mysql").createConnection(options);
  await promisify(c.connect.bind(c))();
  return { query: promisify(c.query.bind(c)), end: promisify(c.end.bind(c)), id: () => c.threadId };
}

function plain(v) {
  if (typeof v === "bigint") return Number(v);
  if (Buffer.isBuffer(v)) return v.length > 64 ? `buffer of ${v.length}` : v.toString("hex");
  if (v instanceof Date) return v.toISOString();
  if (Array.isArray(v)) return v.map(plain);
  if (v !== null && typeof v === "object") {
    const out = {};
    for (const k of Object.keys(v)) if (!["insertId", "meta", "info", "message", "serverStatus"].includes(k)) out[k] = plain(v[k]);
    return out;
  }
  return v;
}

const say = (step, ...what) => console.log(step + ":", ...what.map((w) => JSON.stringify(plain(w))));

async function fails(c, step, sql, values) {
  try {
    say(step, await c.query(sql, values));
  } catch (e) {
    say(step, "error", e.errno, e.sqlState);
  }
}

const INSERT = "INSERT INTO clients (n, d, name, b, t, j) VALUES (?, ?, ?, ?, ?, ?)";
const ROW = [7, "12.50", "żółw 🐢", Buffer.from([0, 255, 39, 92]), "2024-02-29 12:00:01.000005", null];

async function values(c) {
  await c.query("DELETE FROM clients");
  const done = await c.query(INSERT, ROW);
  const top = await c.query("SELECT MAX(id) AS m FROM clients");
  say("last id is the row's", Number(done.insertId) === Number(top[0].m));
  say("values", await c.query("SELECT n, d, name, b, t, j FROM clients"));
  say("no rows", await c.query("SELECT n FROM clients WHERE n = ?", [8]));
}

async function prepared(c) {
  if (!c.execute) return;
  for (const n of [1, 7, 7]) say("prepared", await c.execute("SELECT n, d, name, b, t FROM clients WHERE n = ?", [n]));
  say("written", (await c.execute(INSERT, [70, ...ROW.slice(1)])).affectedRows);
  // Many at once on one connection: what is sent ahead must be answered in its order.
  const many = await Promise.all([...Array(30).keys()].map((n) => c.execute("SELECT ? AS a, COUNT(*) AS c FROM clients", [n])));
  say("pipelined", many.map((r) => r[0]));
  if (c.batch) say("batch", (await c.batch(INSERT, [200, 201, 202].map((n) => [n, ...ROW.slice(1)]))).affectedRows);
}

async function transactions(c) {
  await c.query("START TRANSACTION");
  await c.query("SET @x = 5");
  await c.query("UPDATE clients SET n = 8 WHERE n = 7");
  await c.query("ROLLBACK");
  say("rolled back", await c.query("SELECT n, @x AS x FROM clients WHERE n < 10"));
  await c.query("SET autocommit = 0; UPDATE clients SET n = 9 WHERE n = 7");
  await c.query("COMMIT; SET autocommit = 1");
  say("committed", await c.query("SELECT n FROM clients WHERE n < 10"));
}

async function several(c) {
  const got = await c.query("SELECT 1 AS a; UPDATE clients SET n = 5 WHERE n = 9; SELECT n FROM clients WHERE n = 5");
  say("several", Array.isArray(got[0]) ? [got[0], got[1].affectedRows, got[2]] : got);
  await fails(c, "an error ends them", "SELECT 1; SELEC 2; SELECT 3");
}

async function errors(c) {
  await fails(c, "syntax", "SELEC 1");
  await fails(c, "no table", "SELECT * FROM no_such_table");
  await fails(c, "duplicate", "INSERT INTO clients (id, n) SELECT id, n FROM clients LIMIT 1");
  say("goes on", await c.query("SELECT 1 AS a"));
}

async function large(c) {
  await c.query(INSERT, [1000, null, "large", Buffer.alloc(1 << 20, 1), null, null]);
  say("a megabyte", await c.query("SELECT b FROM clients WHERE n = 1000"));
}

async function cancelled(c) {
  const other = await connect();
  const [{ id }] = await c.query("SELECT CONNECTION_ID() AS id");
  say("one id", Number(id) === Number(c.id()));
  const slow = fails(c, "cancelled", "SELECT SLEEP(20) AS s");
  while ((await other.query(`SELECT 1 FROM information_schema.processlist WHERE id = ${id} AND info LIKE 'SELECT SLEEP%'`)).length === 0);
  await other.query(`KILL QUERY ${id}`);
  await slow;
  say("goes on", await c.query("SELECT 2 AS a"));
  await other.end();
}

async function main() {
  const c = await connect();
  for (const part of [values, prepared, transactions, several, errors, large, cancelled]) await part(c);
  await c.end();
}

main().catch((e) => {
  console.log("stopped:", e.errno, e.code, e.message);
  process.exit(1);
});
