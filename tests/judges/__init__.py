"""What judges the product from outside: searches, counters and damage, none of it using the product's own readers."""
