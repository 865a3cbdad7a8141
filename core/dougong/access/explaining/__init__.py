"""How explaining comes to its words: what is known of record and person, the verdict, and the rules behind it."""
