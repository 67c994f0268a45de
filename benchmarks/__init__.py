"""How fast cassettes are: this package, its peers, and the floor that no recorder can go below."""
