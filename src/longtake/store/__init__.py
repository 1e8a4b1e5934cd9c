"""Where the books are kept: tables, migrations and transactions; files; the secret."""
