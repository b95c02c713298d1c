"""What each of the company's systems knows, as canonical tables: what a perfect load of its files would give."""
