-- Two tables joined by a foreign key, of which the clients write orders with their lines (tests/load/orders.h).
CREATE TABLE orders (
  id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  client int NOT NULL,
  seq bigint unsigned NOT NULL,
  total bigint NOT NULL,
  UNIQUE KEY client_seq (client, seq)
) ENGINE=InnoDB;
CREATE TABLE order_lines (
  order_id bigint unsigned NOT NULL,
  line int NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (order_id, line),
  CONSTRAINT order_lines_order FOREIGN KEY (order_id) REFERENCES orders (id)
) ENGINE=InnoDB;
