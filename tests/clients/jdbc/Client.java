import java.math.BigDecimal;
import java.sql.*;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a JDBC driver sees.   java Client mariadb|mysql HOST PORT USER DATABASE */
public class Client {
	static final String INSERT = "INSERT INTO clients (n, d, name, b, t, j) VALUES (?, ?, ?, ?, ?, ?)";

	interface Part {
		Object run() throws SQLException;
	}

	static String show(Object o) throws SQLException {
		if (o instanceof Blob b)
			return b.length() + " bytes of a blob";
		return o instanceof byte[] b ? (b.length > 64 ? b.length + " bytes" : Arrays.toString(b)) : String.valueOf(o);
	}

	static void say(String step, Object... what) throws SQLException {
		StringBuilder out = new StringBuilder(step + ":");
		for (Object w : what)
			out.append(' ').append(show(w));
		System.out.println(out);
	}

	static void fails(String step, Part part) throws SQLException {
		try {
			say(step, part.run());
		} catch (SQLException e) {
			say(step, "error", e.getErrorCode(), e.getSQLState(), e.getClass().getSimpleName());
		}
	}

	static List<String> read(ResultSet r) throws SQLException {
		List<String> rows = new ArrayList<>();
		while (r.next()) {
			List<String> row = new ArrayList<>();
			for (int i = 1; i <= r.getMetaData().getColumnCount(); i++)
				row.add(show(r.getObject(i)));
			rows.add(row.toString());
		}
		return rows;
	}

	static List<String> rows(Connection c, String sql, Object... values) throws SQLException {
		try (PreparedStatement s = c.prepareStatement(sql)) {
			for (int i = 0; i < values.length; i++)
				s.setObject(i + 1, values[i]);
			return read(s.executeQuery());
		}
	}

	static int update(Connection c, String sql) throws SQLException {
		try (Statement s = c.createStatement()) {
			return s.executeUpdate(sql);
		}
	}

	static void set(PreparedStatement s, int n) throws SQLException {
		s.setInt(1, n);
		s.setBigDecimal(2, new BigDecimal("12.50"));
		s.setString(3, "żółw 🐢");
		s.setBytes(4, new byte[] { 0, -1, 39, 92 });
		s.setString(5, "2024-02-29 12:00:01.000005");
		s.setNull(6, Types.VARCHAR);
	}

	static void values(Connection c) throws SQLException {
		update(c, "DELETE FROM clients");
		try (PreparedStatement s = c.prepareStatement(INSERT, Statement.RETURN_GENERATED_KEYS)) {
			set(s, 7);
			say("inserted", s.executeUpdate());
			ResultSet keys = s.getGeneratedKeys();
			keys.next();
			say("last id", rows(c, "SELECT MAX(id) FROM clients").get(0).equals("[" + keys.getLong(1) + "]"));
			for (int n = 100; n < 120; n++) {
				set(s, n);
				s.addBatch();
			}
			say("batch", s.executeBatch().length);
		}
		for (int i = 0; i < 3; i++)
			say("values", rows(c, "SELECT n, d, name, b, t, j FROM clients WHERE n = ?", 7));
		say("counted", rows(c, "SELECT COUNT(*), SUM(n) FROM clients"));
		try (Statement s = c.createStatement()) {
			ResultSetMetaData m = s.executeQuery("SELECT n AS m, COUNT(*) AS c, d FROM clients GROUP BY n").getMetaData();
			for (int i = 1; i <= m.getColumnCount(); i++)
				say("column", m.getColumnLabel(i), m.getColumnName(i), m.getTableName(i), m.getCatalogName(i),
				    m.getColumnTypeName(i), m.getColumnClassName(i), m.getPrecision(i), m.getScale(i), m.isNullable(i));
		}
	}

	static void transactions(Connection c) throws SQLException {
		c.setAutoCommit(false);
		update(c, "SET @x = 5");
		update(c, "UPDATE clients SET n = 8 WHERE n = 7");
		Savepoint p = c.setSavepoint("p");
		update(c, "DELETE FROM clients");
		c.rollback(p);
		say("to the savepoint", rows(c, "SELECT COUNT(*) FROM clients"));
		c.rollback();
		say("rolled back", rows(c, "SELECT n, @x FROM clients WHERE n < 100"));
		update(c, "UPDATE clients SET n = 9 WHERE n = 7");
		c.commit();
		c.setAutoCommit(true);
		say("committed", rows(c, "SELECT n FROM clients WHERE n < 100"));
		c.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
		say("isolation", c.getTransactionIsolation(), c.isReadOnly(), c.getAutoCommit(), c.getCatalog());
		c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
	}

	static void several(Connection c) throws SQLException {
		try (Statement s = c.createStatement()) {
			boolean rows = s.execute("SELECT 1; UPDATE clients SET n = 5 WHERE n = 9; SELECT n FROM clients WHERE n < 100");
			while (rows || s.getUpdateCount() >= 0) {
				say("several", rows ? read(s.getResultSet()) : s.getUpdateCount());
				rows = s.getMoreResults();
			}
		}
	}

	static void errors(Connection c) throws SQLException {
		fails("syntax", () -> rows(c, "SELEC 1"));
		fails("no table", () -> rows(c, "SELECT * FROM no_such_table"));
		fails("duplicate", () -> update(c, "INSERT INTO clients (id, n) SELECT id, n FROM clients"));
		say("goes on", rows(c, "SELECT 1"), c.isValid(5));
	}

	static void large(Connection c) throws SQLException {
		try (PreparedStatement s = c.prepareStatement("INSERT INTO clients (n, b) VALUES (1000, ?)")) {
			s.setBytes(1, new byte[1 << 20]);
			s.executeUpdate();
		}
		say("a megabyte", rows(c, "SELECT b FROM clients WHERE n = ?", 1000));
		try (Statement s = c.createStatement()) {
			s.setFetchSize(5);
			say("streamed", read(s.executeQuery("SELECT n FROM clients ORDER BY n")).size());
		}
	}

	static void catalogue(Connection c, String database) throws SQLException {
		DatabaseMetaData m = c.getMetaData();
		for (ResultSet r = m.getTables(database, null, "clients", null); r.next();)
			say("table", r.getString("TABLE_CAT"), r.getString("TABLE_NAME"), r.getString("TABLE_TYPE"));
		for (ResultSet r = m.getColumns(database, null, "clients", null); r.next();)
			say("its column", r.getString("COLUMN_NAME"), r.getInt("DATA_TYPE"), r.getString("TYPE_NAME"),
			    r.getInt("COLUMN_SIZE"), r.getString("IS_NULLABLE"));
		for (ResultSet r = m.getPrimaryKeys(database, null, "clients"); r.next();)
			say("its key", r.getString("COLUMN_NAME"));
		say("product", m.getDatabaseProductName(), m.getDatabaseMajorVersion());
	}

	/* Which table a column is of, and what the driver makes of it: it writes the UPDATE itself. */
	static void updatable(Connection c) throws SQLException {
		update(c, "INSERT INTO clients (n, name) VALUES (4242, 'before')");
		try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
		     ResultSet r = s.executeQuery("SELECT id, n, name FROM clients WHERE n = 4242")) {
			say("is of", r.getMetaData().getCatalogName(3), r.getMetaData().getTableName(3));
			r.next();
			r.updateString("name", "after");
			r.updateRow();
		}
		say("updated", rows(c, "SELECT name FROM clients WHERE n = 4242"));
	}

	/* MySQL's driver has two exceptions for it: which one depends on whether cancel() has returned by then. */
	static void cancelled(Part part) throws SQLException {
		try {
			say("cancelled", part.run());
		} catch (SQLException e) {
			boolean yes = e.getErrorCode() == 1317 || e.getClass().getSimpleName().equals("MySQLStatementCancelledException");
			say("cancelled", yes ? "yes" : e);
		}
	}

	static void timeouts(Connection c) throws SQLException {
		try (Statement s = c.createStatement()) {
			s.setQueryTimeout(1);
			fails("timeout", () -> read(s.executeQuery("SELECT SLEEP(20) FROM clients LIMIT 1")));
		}
		try (Statement s = c.createStatement()) {
			Thread t = new Thread(() -> {
				try {
					Thread.sleep(500); /* nothing tells when the driver has sent it; too early is no error */
					s.cancel();
				} catch (SQLException | InterruptedException e) {
					System.out.println("cancel: " + e);
				}
			});
			t.start();
			cancelled(() -> read(s.executeQuery("SELECT SLEEP(20) FROM clients LIMIT 1")));
			t.join();
		} catch (InterruptedException e) {
			say("interrupted");
		}
		say("goes on", rows(c, "SELECT 2"));
	}

	public static void main(String[] a) throws Exception {
		String options = a[0].equals("mysql") ? "?sslMode=DISABLED&allowMultiQueries=true&useServerPrepStmts=true"
		    : "?allowMultiQueries=true&useServerPrepStmts=true";
		if (System.getenv("CLIENTS_COMPRESS") != null)
			options += "&useCompression=true";
		String url = "jdbc:" + a[0] + "://" + a[1] + ":" + a[2] + "/" + a[4] + options;
		try (Connection c = DriverManager.getConnection(url, a[3], "")) {
			values(c);
			transactions(c);
			several(c);
			errors(c);
			large(c);
			catalogue(c, a[4]);
			updatable(c);
			timeouts(c);
		}
	}
}
