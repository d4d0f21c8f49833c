"""What asyncmy sees.   async.py DRIVER HOST PORT USER DATABASE"""
import asyncio
import sys

import asyncmy

driver, host, port, user, database = sys.argv[1:6]


def say(step, *what):
    print(f"{step}:", *[repr(w) for w in what], flush=True)


async def rows(c, sql, args=None):
    async with c.cursor() as k:
        await k.execute(sql, args)
        return list(await k.fetchall()) if k.description else k.rowcount


async def fails(c, step, sql):
    try:
        say(step, await rows(c, sql))
    except Exception as e:
        say(step, "error", e.args[0])


async def one(pool, n):
    async with pool.acquire() as c:
        await rows(c, "INSERT INTO clients (n, name) VALUES (%s, %s)", (n, f"row {n}"))
        await c.commit()
        return await rows(c, "SELECT name FROM clients WHERE n = %s", (n,))


async def main():
    pool = await asyncmy.create_pool(host=host, port=int(port), user=user, database=database, minsize=1, maxsize=8)
    async with pool.acquire() as c:
        await rows(c, "DELETE FROM clients")
        await c.commit()
    say("many at once", sorted(await asyncio.gather(*[one(pool, n) for n in range(40)])))
    async with pool.acquire() as c:
        await c.begin()
        await rows(c, "SET @x = 1")
        await rows(c, "UPDATE clients SET n = -1")
        await c.rollback()
        say("rolled back", await rows(c, "SELECT COUNT(*) FROM clients WHERE n < 0"))
        await fails(c, "duplicate", "INSERT INTO clients (id, n) SELECT id, n FROM clients LIMIT 1")
        await fails(c, "syntax", "SELEC 1")
        say("goes on", await rows(c, "SELECT 1"))
    pool.close()
    await pool.wait_closed()


asyncio.run(main())
