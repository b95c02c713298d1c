"""How each of the company's systems writes what it knows, with its own headings, encoding, dates and dirt."""
