"""How a company shapes its records while people work: fields it adds, and templates it lays out."""
