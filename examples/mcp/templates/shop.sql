-- The database of a small plant shop: what the sqlite example starts from. install.sh builds shop.db from it.
CREATE TABLE suppliers (
  supplier_id TEXT PRIMARY KEY, name TEXT NOT NULL, town TEXT NOT NULL, email TEXT NOT NULL, lead_days INTEGER NOT NULL
);
INSERT INTO suppliers VALUES
  ('SUP-01', 'Fenland Nurseries', 'Ely', 'orders@fenland.example', 4),
  ('SUP-02', 'Potter and Vine', 'Kendal', 'hello@pottervine.example', 9),
  ('SUP-03', 'Green Quay Imports', 'Bristol', 'desk@greenquay.example', 14);

CREATE TABLE products (
  sku TEXT PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, price REAL NOT NULL, stock INTEGER NOT NULL,
  supplier_id TEXT NOT NULL REFERENCES suppliers (supplier_id)
);
INSERT INTO products VALUES
  ('PL-1001', 'Boston fern', 'plants', 14.5, 12, 'SUP-01'),
  ('PL-1002', 'Snake plant', 'plants', 22.0, 7, 'SUP-01'),
  ('PL-1003', 'Olive tree', 'plants', 64.0, 2, 'SUP-03'),
  ('PL-1004', 'String of pearls', 'plants', 11.9, 0, 'SUP-01'),
  ('PT-2001', 'Terracotta pot 14 cm', 'pots', 6.4, 40, 'SUP-02'),
  ('PT-2002', 'Glazed pot 22 cm', 'pots', 18.75, 9, 'SUP-02'),
  ('PT-2003', 'Hanging basket', 'pots', 12.0, 15, 'SUP-02'),
  ('SO-3001', 'Peat-free compost 20 L', 'soil', 7.95, 31, 'SUP-01'),
  ('SO-3002', 'Cactus mix 5 L', 'soil', 5.5, 18, 'SUP-01'),
  ('TO-4001', 'Bypass secateurs', 'tools', 27.9, 5, 'SUP-03');

CREATE TABLE customers (
  customer_id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, town TEXT NOT NULL, since TEXT NOT NULL
);
INSERT INTO customers VALUES
  ('C-501', 'Amina Holt', 'amina.holt@mail.example', 'Leeds', '2022-04-11'),
  ('C-502', 'Bram Okafor', 'bram@okafor.example', 'York', '2023-09-02'),
  ('C-503', 'Celia Marsh', 'celia.marsh@mail.example', 'Leeds', '2021-01-27'),
  ('C-504', 'Dario Finch', 'dario.finch@mail.example', 'Hull', '2024-06-15'),
  ('C-505', 'Esme Walsh', 'esme@walsh.example', 'York', '2024-11-30');

CREATE TABLE orders (
  order_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers (customer_id),
  sku TEXT NOT NULL REFERENCES products (sku), quantity INTEGER NOT NULL, status TEXT NOT NULL, placed TEXT NOT NULL
);
INSERT INTO orders VALUES
  ('ORD-9001', 'C-501', 'PL-1001', 2, 'delivered', '2025-02-03'),
  ('ORD-9002', 'C-502', 'PT-2001', 6, 'delivered', '2025-02-11'),
  ('ORD-9003', 'C-503', 'SO-3001', 1, 'packed', '2025-03-09'),
  ('ORD-9004', 'C-501', 'PT-2002', 1, 'packed', '2025-03-10'),
  ('ORD-9005', 'C-504', 'PL-1003', 1, 'open', '2025-03-12'),
  ('ORD-9006', 'C-505', 'TO-4001', 2, 'open', '2025-03-13'),
  ('ORD-9007', 'C-503', 'PL-1002', 1, 'open', '2025-03-13'),
  ('ORD-9008', 'C-502', 'SO-3002', 3, 'cancelled', '2025-03-01');
