"""Production calls in Parquet files, a directory for each day, and searching them."""
