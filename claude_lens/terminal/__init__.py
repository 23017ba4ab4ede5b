"""What commands print: tables, trees, progress, JSON; and the options by which they choose."""
